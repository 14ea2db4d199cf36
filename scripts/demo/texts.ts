/** What the demo's files say. Every person, number and address is made up; the card and the IBAN are test numbers. */

const WINDS = ['south-west, a light air', 'west, fresh', 'north, strong and cold', 'east, hardly any'];
const WORKS = [
  'I cleaned the lens of the lighthouse and polished the brass of the lamp.',
  'The fog horn had to be taken apart, because salt had got into the valve.',
  'I painted the railing of the gallery, and one of the gulls sat down on it before it was dry.',
  'Two panes of the lantern room were changed against the winter storms.',
  'I counted the oil, wrote to the harbour office for more, and swept the stairs from the top.',
];
const EVENTS = [
  'The supply boat came before noon with bread, newspapers and a letter from my sister.',
  'A schooner passed close to the reef and answered the fog horn with her bell.',
  'Nobody came. The seals lay on the reef all day and looked at the lighthouse.',
  'In the evening the fog was so thick that the light did not reach the water.',
  'The pilot called at the landing and told me that the channel is to be dredged in spring.',
  'A storm broke in the night; the spray went over the lantern, and the lamp never flickered.',
  'The harbour master rowed over to see the new bell, and stayed for tea.',
];

const pick = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;

/** The log of a lighthouse keeper, a page a day. */
export const lighthouseLog = (days: number): string[] =>
  Array.from({ length: days }, (_, day) =>
    [
      `Day ${day + 1} at the lighthouse. Wind: ${pick(WINDS, day)}.`,
      pick(WORKS, day * 2),
      pick(EVENTS, day * 3),
      pick(WORKS, day * 2 + 1),
      pick(EVENTS, day * 3 + 2),
      `The lamp was lit ${16 + (day % 5)} minutes past the hour, and put out at sunrise.`,
    ].join(' '),
  );

export const BOOKINGS = [
  'The guest house on the pier has nine rooms, and in August all of them are taken. Please read this list before you answer the telephone.',
  'Mrs. Okafor has booked the corner room for two weeks. She paid in advance with her credit card 4111 1111 1111 1111, and the security code is 123.',
  'Mr. Lindqvist brings his dog. He would like to be called when the ferry is late; his address is lindqvist@mail.example.org.',
  'The room over the kitchen stays empty until the ceiling has been painted. The painter has promised to come on Thursday.',
];

export const OPENING_HOURS = [
  'The town library is open from Tuesday to Saturday. On Fridays the reading room stays open until nine in the evening.',
  'Borrowed books may be kept for four weeks. Whoever needs a book for longer asks at the desk, where the library also lends umbrellas.',
  'The reading room has twelve desks with a view of the river. Please leave wet coats in the hall, because the old maps do not like water.',
];

export const CLINIC_NOTE = [
  'Visiting hours of the island clinic are short, so this note is short as well.',
  'The patient from the lighthouse has recovered from his cough. Medical record number MRN: P-204417, to be filed with the older notes.',
  'He is to stay away from damp stairs for a week, which he says is not possible in a lighthouse. The nurse will look in on the next supply boat.',
].join('\n\n');

export const INVOICE = [
  'Rechnung der Druckerei am Markt. Für den Druck von dreihundert Plakaten zum Sommerfest des Segelvereins stellen wir Ihnen den vereinbarten Betrag in Rechnung.',
  'Die Plakate wurden auf festem Papier gedruckt und am Montag geliefert. Zwei Plakate haben wir für das Archiv der Druckerei behalten.',
  'Bitte überweisen Sie den Betrag innerhalb von zwei Wochen auf unser Konto, IBAN DE89 3704 0044 0532 0130 00. Bei Fragen erreichen Sie die Druckerei unter rechnung@druckerei.example.org.',
];

export const HIKE = [
  'Die Wanderung beginnt an der alten Mühle und folgt dem Bach bis zur Brücke. Im Frühjahr steht das Wasser hoch, und der Weg ist an manchen Stellen nass.',
  'Hinter der Brücke führt der Weg durch einen Buchenwald. Über der Mündung liegt am Morgen dichter Nebel, und man hört die Schiffe, bevor man sie sieht.',
  'Auf dem Hügel steht eine Bank mit Blick auf die Mündung. Wer früh genug aufbricht, ist zum Mittagessen wieder an der Mühle.',
];

export const RULES_OF_THE_CLUB = [
  'Der Segelverein besteht seit hundert Jahren und hat sein Bootshaus am Nordufer des Sees.',
  'Jedes Mitglied hilft im Frühling einen Tag lang im Bootshaus. Die Boote werden geschliffen, gestrichen und ins Wasser gelassen.',
  'Wer ein Boot ausleiht, trägt sich in das Buch im Bootshaus ein. Ein Boot, das bei Sturm beschädigt wurde, meldet man dem Vorstand noch am selben Tag.',
];

export const ORCHARD = [
  'Le verger du monastère compte deux cents pommiers. Les moines les ont plantés au bord de la rivière, à l’abri du vent du nord.',
  'En automne, tout le village vient cueillir les pommes. Les enfants montent dans les arbres, et les anciens trient les pommes dans des paniers.',
  'Le cidre du verger est vendu à la porte du monastère. Pour en commander, écrivez à frere.anselme@verger.example.org avant la fin du mois.',
];

export const RECIPE = [
  'Cette soupe de poisson est celle de ma grand-mère, qui la préparait le vendredi, quand les bateaux rentraient au port.',
  'Il faut trois poissons du matin, des oignons, du fenouil et un verre de vin blanc. On fait revenir les oignons doucement, sans les laisser brunir.',
  'On ajoute les poissons, on couvre d’eau, et la soupe cuit une petite heure. Elle se mange très chaude, avec du pain grillé.',
];

export const LEASE = [
  'Le présent contrat porte sur la location d’un atelier au bord du canal, entre la commune et un luthier.',
  'Le luthier peut travailler dans l’atelier tous les jours, sauf pendant la sieste des voisins.',
];
