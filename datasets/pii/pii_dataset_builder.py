"""Synthetic sentences with personal data in five languages: templates filled with what Faker makes up."""

import datetime
import hashlib
import random

import tensorflow_datasets as tfds
from faker import Faker

from pipelines.edge import words

TYPES = ("company", "date", "email", "location", "person", "phone")
TAGS = ["O", *(f"{prefix}-{kind}" for kind in TYPES for prefix in "BI")]
COUNTS = {"train": 3000, "validation": 400, "test": 600}
SHARES = {
    "train": range(13),
    "validation": range(13, 16),
    "test": range(16, 20),
}  # of 20; whose a sentence is
DAYS = (datetime.date(1950, 1, 1), datetime.date(2030, 12, 31))
ACCENTS = str.maketrans("äöüßáéíóúñàèìòùâêîôûçëï", "aousaeiounaeiouaeioucei")
LOWER = 0.1  # share of sentences in lower case, as people type
# In braces stands what is filled in: a type of TYPES, or a number that is none of them.
SENTENCES = {
    "en_US": (
        "{person} has worked for {company} since {date}.",
        "Please call {person} at {phone} before {date}.",
        "My name is {person} and I live in {location}.",
        "Send the invoice to {email}, order {number}.",
        "{company} opened an office in {location} last year.",
        "The meeting with {person} from {company} was moved to {date}.",
        "You can reach us at {email} or {phone}.",
        "I was born on {date} in {location}.",
        "Order {number} was shipped to {location} for {amount} dollars.",
        "Thanks, {person}",
        "Contact: {person}, {company}, {phone}",
        "The weather was fine and nothing happened for {amount} days.",
        "She moved from {location} to {location} in spring.",
        "Our customer {person} ({email}) complained about invoice {number}.",
        "Is room {amount} still free?",
    ),
    "de_DE": (
        "{person} arbeitet seit dem {date} bei {company}.",
        "Bitte rufen Sie {person} unter {phone} zurück.",
        "Ich heiße {person} und wohne in {location}.",
        "Die Rechnung {number} geht an {email}.",
        "{company} hat ein Büro in {location} eröffnet.",
        "Das Treffen mit {person} von {company} ist am {date}.",
        "Sie erreichen uns unter {email} oder {phone}.",
        "Geboren am {date} in {location}.",
        "Mit freundlichen Grüßen, {person}",
        "Das Paket {number} wiegt {amount} Kilo.",
        "Wir ziehen von {location} nach {location}.",
        "Gestern ist {amount} Stunden lang nichts passiert.",
    ),
    "fr_FR": (
        "{person} travaille chez {company} depuis le {date}.",
        "Merci de rappeler {person} au {phone}.",
        "Je m'appelle {person} et j'habite à {location}.",
        "Envoyez la facture {number} à {email}.",
        "{company} a ouvert un bureau à {location}.",
        "Vous pouvez nous joindre au {phone} ou à {email}.",
        "Né le {date} à {location}.",
        "Cordialement, {person}",
        "Le colis pèse {amount} kilos et coûte {amount} euros.",
        "Il ne s'est rien passé pendant {amount} heures.",
    ),
    "es_ES": (
        "{person} trabaja en {company} desde el {date}.",
        "Llame a {person} al {phone}, por favor.",
        "Me llamo {person} y vivo en {location}.",
        "Envíe la factura {number} a {email}.",
        "{company} abrió una oficina en {location}.",
        "Puede escribirnos a {email} o llamar al {phone}.",
        "Nació el {date} en {location}.",
        "Saludos, {person}",
        "El paquete pesa {amount} kilos.",
        "Ayer no pasó nada en {amount} horas.",
    ),
    "it_IT": (
        "{person} lavora per {company} dal {date}.",
        "Chiami {person} al numero {phone}.",
        "Mi chiamo {person} e abito a {location}.",
        "Mandi la fattura {number} a {email}.",
        "{company} ha aperto un ufficio a {location}.",
        "Ci può scrivere a {email} o chiamare {phone}.",
        "Nato il {date} a {location}.",
        "Cordiali saluti, {person}",
        "Il pacco pesa {amount} chili.",
        "Ieri non è successo niente per {amount} ore.",
    ),
}
DATES = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y")


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits made from the same templates; a hash of a sentence says whose it is, so none is in two."""

    VERSION = tfds.core.Version("1.1.1")
    RELEASE_NOTES = {
        "1.0.0": "First release.",
        "1.1.0": "No sentence is in two splits.",
        "1.1.1": "Italian places are the same in each process.",
    }

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "tokens": tfds.features.Sequence(tfds.features.Text()),
                    "ner": tfds.features.Sequence(tfds.features.ClassLabel(names=TAGS)),
                }
            ),
            homepage="https://faker.readthedocs.io",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split, count) for split, count in COUNTS.items()}

    def _generate_examples(self, split, count):
        chance = random.Random(f"pii {split}")
        fakers = {locale: faker(locale, f"pii {split} {locale}") for locale in SENTENCES}
        i = 0
        while i < count:
            locale = chance.choice(list(SENTENCES))
            template = chance.choice(SENTENCES[locale])
            text, found = filled(template, fakers[locale], chance)
            if chance.random() < LOWER:
                text = text.lower()
            if hashlib.sha256(text.lower().encode()).digest()[0] % 20 not in SHARES[split]:
                continue
            name = f"{split}_{i:04d}"
            i += 1
            tokens, tags = _tagged(text, found)
            yield name, {"id": name, "tokens": tokens, "ner": tags}


def faker(locale, seed):
    """Faker in one language, whose answers follow from the seed alone."""
    made = Faker(locale)
    made.seed_instance(seed)
    for provider in made.get_providers():
        if hasattr(provider, "cities"):
            provider.cities = sorted(
                provider.cities
            )  # the Italian ones lie in another order in each process
    return made


def filled(template, faker, chance):
    """A template -> (text, [(start, end, type)]), end exclusive."""
    text, found = "", []
    for part in template.replace("}", "{").split("{"):
        is_place = part in TYPES or part in ("number", "amount")
        value = _value(part, faker, chance) if is_place else part
        if part in TYPES:
            found.append((len(text), len(text) + len(value), part))
        text += value
    return text, found


def _value(kind, faker, chance):
    if kind == "person":
        return (
            f"{faker.first_name()} {faker.last_name()}"
            if chance.random() < 0.8
            else faker.last_name()
        )
    if kind == "company":
        return faker.company()
    if kind == "location":
        return faker.city()
    if kind == "phone":
        return faker.phone_number()
    if kind == "email":
        who = f"{faker.first_name()}{chance.choice('._-')}{faker.last_name()}".lower().translate(
            ACCENTS
        )
        return f"{''.join(c for c in who if c.isascii() and c != ' ')}@{faker.free_email_domain()}"
    if kind == "date":
        days = (DAYS[1] - DAYS[0]).days  # Faker's own dates end today, and would be others tomorrow
        return (DAYS[0] + datetime.timedelta(chance.randrange(days))).strftime(chance.choice(DATES))
    if kind == "amount":
        return str(chance.randrange(10, 100))
    return f"{chance.choice('ABR')}-{chance.randrange(10**6):06d}"


def _tagged(text, found):
    """Text and its spans -> (words, BIO tags); a word that a span touches is in it."""
    tokens, tags = [], []
    for word, start, end in words.tokens(text):
        span = next((s for s in found if s[0] < end and start < s[1]), None)
        tokens.append(word)
        tags.append(f"{'B' if start <= span[0] else 'I'}-{span[2]}" if span else "O")
    return tokens, tags
