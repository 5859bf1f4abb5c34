"""One word for several: pronouns and kin that differ in gender alone, and words in disguise (k1ll, r*pe).

That he and she, husband and wife, are one feature keeps a model from learning who instead of what; it costs next to
nothing in quality (docs/decisions/0002-the-model.md). Disguises are how archives' own users write what they would
rather not spell.
"""

from __future__ import annotations

from tagger.recipe import Features

# he, his and himself stand for the pronouns of all; "his" for "him" too, since "her" is both.
_PRONOUNS = {
    "he": "she they",
    "his": "her him hers them their theirs",
    "himself": "herself themselves themself",
    "he's": "she's they're",
    "he'd": "she'd they'd",
    "he'll": "she'll they'll",
}
_KIN = {
    "man": "woman",
    "men": "women",
    "boy": "girl",
    "boys": "girls",
    "guy": "gal",
    "male": "female",
    "husband": "wife spouse",
    "husbands": "wives spouses",
    "boyfriend": "girlfriend",
    "boyfriends": "girlfriends",
    "fiance": "fiancee",
    "groom": "bride",
    "widower": "widow",
    "brother": "sister sibling",
    "brothers": "sisters siblings",
    "son": "daughter",
    "sons": "daughters",
    "father": "mother parent",
    "fathers": "mothers parents",
    "dad": "mom mum",
    "daddy": "mommy mummy mama papa",
    "uncle": "aunt",
    "nephew": "niece",
    "grandpa": "grandma",
    "grandfather": "grandmother",
    "gentleman": "lady",
    "gentlemen": "ladies",
    "king": "queen",
    "prince": "princess",
    "mr": "mrs ms mx miss",
    "sir": "ma'am madam",
    "actor": "actress",
    "waiter": "waitress",
}
_DISGUISED = """
    abuse abused abuser anorexia anorexic assault assaulted bastard beaten bitch bitches blood bloody bomb
    bulimia cocaine corpse cunt cut cutting dead death dick die died drug drugs dyke fag faggot fuck fucked
    fucker fucking gay gun guns heroin incest kill killed killer killing kills knife knives lesbian meth murder
    murdered murderer naked nazi noose overdose overdosed pills porn pussy queer rape raped rapes raping rapist
    retard retarded sex sexual shit shitty slut sluts stab stabbed suicidal suicide terrorist tits torture
    tortured tranny trauma vodka weapon weed whore whores
"""
_DIGITS = str.maketrans("aeio", "4310")


def one_for_several(choices: Features) -> dict[str, str]:
    """Every word that is read as another, and that other."""
    return (neutral() if choices.neutral else {}) | (disguises() if choices.disguises else {})


def respelt(choices: Features) -> list[str]:
    """The words to know even where no work has them: disguises are many, and each is rare."""
    return [*disguises()] if choices.disguises else []


def neutral() -> dict[str, str]:
    """Words that differ from another in gender alone, and that other.

    >>> neutral()["she"], neutral()["wives"]
    ('he', 'husbands')
    """
    listed = {**_PRONOUNS, **_KIN}
    return {word: common for common, words in listed.items() for word in words.split()}


def disguises() -> dict[str, str]:
    """Spellings that hide a word, a vowel starred or digits for vowels, and the word.

    >>> disguises()["k1ll"], disguises()["r*pe"], disguises()["su*cide"]
    ('kill', 'rape', 'suicide')
    """
    found: dict[str, str] = {}
    for word in _DISGUISED.split():
        vowels = [place for place, letter in enumerate(word) if letter in "aeiou"]
        starred = [f"{word[:place]}*{word[place + 1 :]}" for place in vowels if 0 < place < len(word) - 1]
        digits = [word.translate(_DIGITS)]
        digits += [f"{word[:place]}{word[place].translate(_DIGITS)}{word[place + 1 :]}" for place in vowels]
        found |= {each: word for each in (*starred, *digits) if each != word}
    return found
