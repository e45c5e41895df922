/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite < SQL: runs the statements on a database in memory and prints the rows. */
#include <sqlite3.h>
#include <stdio.h>

static int print_row(void *data, int count, char **values, char **names)
{
    (void)data, (void)names;
    for (int i = 0; i < count; i++)
        (void)printf("%s%s", i == 0 ? "" : "|", values[i] == NULL ? "NULL" : values[i]);
    (void)printf("\n");
    return 0;
}

int main(void)
{
    static char sql[1 << 16];
    sqlite3 *database;
    char *message = NULL;
    size_t size = fread(sql, 1, sizeof sql - 1, stdin);
    sql[size] = '\0';
    if (sqlite3_open(":memory:", &database) != SQLITE_OK)
        return 1;
    if (sqlite3_exec(database, sql, print_row, NULL, &message) != SQLITE_OK) {
        (void)fprintf(stderr, "%s\n", message);
        return 1;
    }
    (void)sqlite3_close(database);
    return 0;
}
