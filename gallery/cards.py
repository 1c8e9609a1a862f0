"""What the public may learn about an item: pages and contracts show these fields and no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from gallery import authors
from gallery.models import Item, Like
from generator import storage
from generator.dimensions import RATIOS
from generator.models import Model

ALT_WORDS = 14
NEAR = 0.02


@dataclass(frozen=True)
class Card:
    """One item as anybody may see it. Files are permanent paths that work while it is published."""

    id: UUID
    title: str
    alt: str
    description: str
    prompt: str
    model: str
    model_title: str
    author: str
    author_slug: str
    width: int
    height: int
    likes: int
    liked: bool
    by_demo: bool
    created_at: datetime
    image: str
    thumbnail: str
    small: str
    is_video: bool

    @property
    def url(self) -> str:
        """The item's page."""
        return reverse("gallery-item", args=[self.id])

    @property
    def author_url(self) -> str:
        """The author's page."""
        return reverse("author", args=[self.author_slug])

    @property
    def ratio(self) -> str:
        """The shape by its name in the catalogue, such as 16:9; empty where it has none."""
        share = (self.width or 1) / (self.height or 1)
        named = (name for name, (w, h) in RATIOS.items() if abs(w / h / share - 1) < NEAR)
        return next(named, "")

    @property
    def remix_url(self) -> str:
        """The create page, filled in as far as the author shows what made the picture."""
        still = {"model": self.model, "aspect_ratio": self.ratio}
        moving = {"mode": "video", "video_model": self.model}
        named = {"prompt": self.prompt, **(moving if self.is_video else still)}
        query = urlencode({name: value for name, value in named.items() if value})
        return f"{reverse('generator')}?{query}"


def of(items: Iterable[Item], reader: Any = None) -> list[Card]:
    """The items as cards, in their order; `reader` is the user whose likes are marked."""
    rows = list(items)
    liked = _liked(rows, reader)
    titles = dict(Model.objects.values_list("slug", "title")) if rows else {}
    return [_card(item, item.pk in liked, titles.get(item.model, item.model)) for item in rows]


def one(item: Item, reader: Any = None) -> Card:
    """One item as a card."""
    return of([item], reader)[0]


def _liked(items: list[Item], reader: Any) -> set[UUID]:
    if reader is None or not reader.is_authenticated or not items:
        return set()
    mine = Like.objects.filter(user=reader, item__in=[item.pk for item in items])
    return set(mine.values_list("item_id", flat=True))


def _card(item: Item, liked: bool, model_title: str) -> Card:
    # An image that is not public opens for its author by a signed link, as everywhere else.
    link = storage.public_url if item.output.published else storage.url
    return Card(
        id=item.pk,
        title=item.title or "Untitled",
        alt=_alt(item),
        description=item.description,
        prompt=item.prompt,
        model=item.model,
        model_title=model_title,
        author=item.author.public_name,
        author_slug=authors.slug_of(item.author),
        width=item.width,
        height=item.height,
        likes=item.count.likes,
        liked=liked,
        by_demo=item.by_demo,
        created_at=item.created_at,
        image=link(item.output, ""),
        thumbnail=link(item.output, "640"),
        small=link(item.output, "320"),
        is_video=item.output.content_type.startswith("video/"),
    )


def _alt(item: Item) -> str:
    """What is seen, in under 15 words: the beginning of a shown prompt, or the title."""
    words = (item.prompt or item.title).split()
    return " ".join(words[:ALT_WORDS]) or f"A picture by {item.author.public_name}"
