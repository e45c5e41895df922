# SPDX-License-Identifier: Apache-2.0
__version__: str
__all__: list[str]
