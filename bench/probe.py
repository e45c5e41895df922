#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Takes one sample in this fresh process and prints it: probe.py MODULE FUNCTION ARGUMENTS-AS-JSON"""
import importlib
import json
import sys


def main():
    module, function, arguments = sys.argv[1:4]
    value = getattr(importlib.import_module(module), function)(*json.loads(arguments))
    print(json.dumps(value))


if __name__ == "__main__":
    main()
