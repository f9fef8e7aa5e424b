"""A small shop's inventory: the file that scripts/demo types into."""

import json
from dataclasses import dataclass, field


@dataclass
class Item:
    name: str
    price: float
    quantity: int = 0
    tags: list[str] = field(default_factory=list)

    def total(self) -> float:
        return self.price * self.quantity


class Inventory:
    def __init__(self):
        self.items = {}

    def add(self, item: Item) -> None:
        if item.name in self.items:
            self.items[item.name].quantity += item.quantity
        else:
            self.items[item.name] = item

    def remove(self, name: str) -> None:
        if name in self.items:
            del self.items[name]

    def total(self) -> float:
        return sum(item.total() for item in self.items.values())

    def save(self, path: str) -> None:
        with open(path, "w") as file:
            json.dump([vars(item) for item in self.items.values()], file)
