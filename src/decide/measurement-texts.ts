/** Why a side of a panoramic film was not measured, beyond what reason-texts.ts says. */
export const MEASUREMENT_TEXTS = {
  'border-at-rim': {
    en: 'The lower border of the mandible lies at the rim of the picture: the chin may be cut off.',
    sv: 'Mandibulans nedre kant ligger vid bildens rand: hakan kan vara avskuren.',
  },
  'grey-scale-inverted': {
    en: 'Bone is darker than its surroundings below the mental foramen: the grey scale of the picture is probably inverted.',
    sv: 'Benet är mörkare än omgivningen under foramen mentale: bildens gråskala är troligen inverterad.',
  },
  'resolution-too-low': {
    en: 'The pixels of the picture are too coarse to tell the cortex from its residues; send the film in its full resolution.',
    sv: 'Bildens bildpunkter är för grova för att skilja kortikalis från dess rester; skicka bilden i full upplösning.',
  },
  'grey-scale-clipped': {
    en: 'The place of measurement is pure white in part (metal, or a clipped grey scale): the cortex cannot be told from it.',
    sv: 'Mätstället är delvis helt vitt (metall eller en avklippt gråskala): kortikalis kan inte skiljas från det.',
  },
  'sides-disagree': {
    en: 'This side does not fit the other one: foramen, border or width differ more than the two sides of a jaw do.',
    sv: 'Denna sida stämmer inte med den andra: foramen, kant eller bredd skiljer sig mer än en käkes två sidor gör.',
  },
  'cortical-index-not-assessable': {
    en: 'The mandibular cortical index (Klemetti) could not be read on one side: the region behind the foramen is cut off or has too little contrast.',
    sv: 'Mandibulärt kortikalindex (Klemetti) kunde inte avläsas på ena sidan: området bakom foramen är avskuret eller har för låg kontrast.',
  },
} as const;
