# SPDX-License-Identifier: Apache-2.0
"""promp: scripts and native code in worker processes, driven from Python.

Pro.MP    managers, workers, messages, ProExecutor
Pro.Core  values and small things that the others use
"""

from Pro._promp import version as __version__

__all__ = ["__version__"]
