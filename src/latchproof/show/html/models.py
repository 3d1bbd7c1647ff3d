"""A model for a page: its own source, with that of the models that it inherits from."""

import inspect
from pathlib import Path
from textwrap import dedent
from typing import Any

from latchproof.check.kinds import Kind
from latchproof_spec.model import Model


def model_data(kind: Kind, policy: Any = None) -> dict[str, Any]:
    """Return a model as plain data: its name, its policies, and the source of each class that it is made of.

    With a `policy` it is the model of that one, which needs a state of its own.

    >>> from latchproof.check.kind_of import KINDS
    >>> data = model_data(KINDS["bounded-semaphore"])
    >>> [one["where"].partition(":")[0] for one in data["classes"]], data["classes"][0]["source"].partition("(")[0]
    (['semaphore.py', 'semaphore.py'], 'class BoundedSemaphore')
    """
    model: type[Model] = (policy or kind.policies[0]).model
    classes = [one for one in model.__mro__ if issubclass(one, Model) and one is not Model and "__doc__" in vars(one)]
    return {
        "name": policy.name if policy else kind.name,
        "policies": [one.name for one in ([policy] if policy else kind.policies)],
        "classes": [data for one in classes if (data := _class_data(one)) is not None],
    }


def _class_data(cls: type) -> dict[str, str] | None:
    """Return the source of a class and where it stands; None if there is none, as for a policy that is made of it."""
    try:
        lines, first = inspect.getsourcelines(cls)
        path = inspect.getsourcefile(cls) or ""
    except (OSError, TypeError):
        return None
    return {"name": cls.__qualname__, "where": f"{Path(path).name}:{first}", "source": dedent("".join(lines))}
