"""What a condition of a variable says of a value: true, false, or not known.

Exact or not at all: `false` is said only where Terraform surely says so too. Terraform before 1.12
evaluates both sides of `&&` and `||` and later ones do not, so an error beside them is unknown.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from controller.steps.load.condition_functions import FUNCTIONS, LARGEST_TEXT
from controller.steps.load.expressions import (
    Attribute,
    Binary,
    Call,
    Conditional,
    Expression,
    ForItems,
    Index,
    Items,
    Literal,
    Name,
    Unary,
    read_expression,
)
from controller.steps.load.known_values import (
    ERROR,
    OPAQUE,
    UNKNOWN,
    Mark,
    SetOf,
    kind_of,
    to_bool,
    to_number,
)

MOST_STEPS = 20_000
_LARGEST_NUMBER = 2**200
_COMPARISONS: Mapping[str, Callable[[int | Fraction, int | Fraction], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def is_fulfilled(condition: str, variable: str, value: object) -> bool | None:
    """Tell whether a value of a variable fulfils a condition; None when that is not known."""
    expression = read_expression(condition)
    if expression is None:
        return None
    found = to_bool(_Evaluation(variable, value).of(expression, {}))
    return found if isinstance(found, bool) else None


class _Evaluation:
    def __init__(self, variable: str, value: object) -> None:
        self._variable = variable
        self._value = value
        self._steps = 0

    def of(self, expression: Expression, named: Mapping[str, object]) -> object:
        self._steps += 1
        return UNKNOWN if self._steps > MOST_STEPS else self._found(expression, named)

    def _found(self, expression: Expression, named: Mapping[str, object]) -> object:
        match expression:
            case Literal(value):
                return value
            case Name() | Attribute() | Index():
                return self._named(expression, named)
            case Unary() | Binary() | Conditional():
                return self._operated(expression, named)
            case Items(items):
                return _whole(tuple(self.of(item, named) for item in items))
            case ForItems():
                return self._for(expression, named)
            case Call(name, arguments):
                return self._call(name, arguments, named)

    def _named(self, expression: Name | Attribute | Index, named: Mapping[str, object]) -> object:
        match expression:
            case Name(name):
                return named.get(name, UNKNOWN)
            case Attribute(Name("var"), name):
                return self._value if name == self._variable else UNKNOWN
            case Attribute(base, name):
                return _member(self.of(base, named), name)
            case Index(base, key):
                return _member(self.of(base, named), self.of(key, named))

    def _operated(
        self, expression: Unary | Binary | Conditional, named: Mapping[str, object]
    ) -> object:
        match expression:
            case Unary(sign, inner):
                return _unary(sign, self.of(inner, named))
            case Binary(sign, left, right):
                return _binary(sign, self.of(left, named), self.of(right, named))
            case Conditional(condition, yes, no):
                return self._conditional(condition, yes, no, named)

    def _conditional(
        self,
        condition: Expression,
        yes: Expression,
        no: Expression,
        named: Mapping[str, object],
    ) -> object:
        chosen = to_bool(self.of(condition, named))
        found, other = self.of(yes, named), self.of(no, named)
        if not isinstance(chosen, bool):
            return chosen if chosen is ERROR else UNKNOWN
        if not chosen:
            found, other = other, found
        # Terraform converts both to one type; only of one kind they surely stay what they are.
        return found if kind_of(found) and kind_of(found) == kind_of(other) else UNKNOWN

    def _for(self, expression: ForItems, named: Mapping[str, object]) -> object:
        pairs = _pairs(self.of(expression.source, named))
        if isinstance(pairs, Mark):
            return pairs
        found: list[object] = []
        for key, value in pairs:
            inner = {**named, expression.value: value}
            if expression.key is not None:
                inner[expression.key] = key
            if expression.condition is not None:
                is_in = to_bool(self.of(expression.condition, inner))
                if not isinstance(is_in, bool):
                    return UNKNOWN
                if not is_in:
                    continue
            found.append(self.of(expression.body, inner))
            if found[-1] is UNKNOWN:
                return UNKNOWN
        return _whole(tuple(found))

    def _call(
        self, name: str, arguments: tuple[Expression, ...], named: Mapping[str, object]
    ) -> object:
        given = tuple(self.of(argument, named) for argument in arguments)
        match name, given:
            case "can", (one,):
                return UNKNOWN if one is UNKNOWN else one is not ERROR
            case "try", (_, *_):
                return next((one for one in given if one is not ERROR), ERROR)
            case _:
                pass
        function = FUNCTIONS.get(name)
        if function is None or UNKNOWN in given or sum(map(_size, given)) > LARGEST_TEXT:
            return UNKNOWN
        if ERROR in given:
            return ERROR
        self._steps += sum(map(_size, given)) // (2 if name.startswith("regex") else 16)
        return function(given)


def _pairs(source: object) -> Iterable[tuple[object, object]] | Mark:
    match source:
        case tuple():
            return enumerate(source)
        case SetOf(items):
            return zip(items, items, strict=True)
        case Mapping():
            return source.items()
        case _:
            return ERROR if source is ERROR or source is None else UNKNOWN


def _size(value: object) -> int:
    return len(value) if isinstance(value, (str, tuple, Mapping)) else 1


def _whole(items: tuple[object, ...]) -> object:
    if UNKNOWN in items:
        return UNKNOWN
    return ERROR if ERROR in items else items


def _member(base: object, key: object) -> object:
    match base, key:
        case (Mapping() as entries, str()):
            return entries.get(key, ERROR)
        case (tuple() as items, int()) if not isinstance(key, bool):
            return items[key] if 0 <= key < len(items) else ERROR
        case (Mark.ERROR, str() | int()) | (None, str() | int()):
            return ERROR
        case _:
            return UNKNOWN


def _unary(sign: str, inner: object) -> object:
    if sign == "!":
        found = to_bool(inner)
        return not found if isinstance(found, bool) else _of_marks(found)
    number = to_number(inner)
    return -number if isinstance(number, (int, Fraction)) else _of_marks(number)


def _of_marks(*values: object) -> Mark:
    """Give what an operator makes of these, of which one is no value that it wants."""
    if UNKNOWN in values or OPAQUE in values:
        return UNKNOWN
    return ERROR


def _binary(sign: str, left: object, right: object) -> object:
    if sign in {"==", "!="}:
        is_equal = _equal(left, right)
        if not isinstance(is_equal, bool):
            return is_equal
        return is_equal if sign == "==" else not is_equal
    if sign in {"&&", "||"}:
        return _both(sign, to_bool(left), to_bool(right))
    first, second = to_number(left), to_number(right)
    if not isinstance(first, (int, Fraction)) or not isinstance(second, (int, Fraction)):
        return _of_marks(first, second)
    compare = _COMPARISONS.get(sign)
    return compare(first, second) if compare else _compute(sign, first, second)


def _both(sign: str, left: object, right: object) -> object:
    if isinstance(left, bool) and isinstance(right, bool):
        return (left and right) if sign == "&&" else (left or right)
    decides_alone = left is (sign == "||")
    return UNKNOWN if decides_alone else _of_marks(left, right)


def _equal(left: object, right: object) -> object:
    if isinstance(left, Mark) or isinstance(right, Mark):
        return _of_marks(left, right)
    if left is None or right is None:
        return left is right
    if kind_of(left) and kind_of(right):
        return kind_of(left) == kind_of(right) and left == right
    return UNKNOWN


def _compute(sign: str, first: int | Fraction, second: int | Fraction) -> object:
    """Compute with whole numbers; Terraform's others are rounded, in binary."""
    if not (_is_whole(first) and _is_whole(second)):
        return UNKNOWN
    found: object = UNKNOWN
    match sign:
        case "+":
            found = first + second
        case "-":
            found = first - second
        case "*":
            found = first * second
        case "/" if second and first % second == 0:
            found = first // second
        case "%" if first >= 0 and second > 0:
            found = first % second
        case _:
            pass
    return found


def _is_whole(number: int | Fraction) -> bool:
    return isinstance(number, int) and abs(number) < _LARGEST_NUMBER
