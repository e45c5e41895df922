/* SPDX-License-Identifier: Apache-2.0 */
#include <promp/sleigh.h>

#include <string.h>

/* promp-sleigh compile|languages|disasm ...: the SLEIGH engine alone. */
int main(int argc, char **argv)
{
    bool is_disasm = argc >= 2 && strcmp(argv[1], "disasm") == 0;
    return is_disasm ? pro_sleigh_main(argc - 1, argv + 1) : pro_sleigh_main(argc, argv);
}
