/** Running text in three languages, each with a subject that it comes back to. */
export const PROSE = {
  en: [
    'The harbour of Eastmouth was built for herring boats. Today the harbour serves container ships from all over the world. Every container ship is guided by a pilot who knows the currents of the bay.',
    'Mr. Hale has been a pilot for thirty years. He says that the fog is the worst enemy of a container ship. When the fog comes in, the harbour closes and the captains wait for better weather.',
    'The town lives from its harbour. Two thousand people work on the quays, in the warehouses and in the offices of the shipping companies. A new crane was delivered last spring, and it unloads a container ship in half the time.',
    'Some citizens would like to see fewer ships. They point to the noise and to the smoke over the bay. The council has promised to measure the air near the harbour and to publish the results each month.',
  ],
  de: [
    'Die Bienen kehren im Frühling in den alten Garten zurück. Der Imker öffnet jeden Bienenstock und prüft, ob die Königin den Winter überlebt hat. Ohne eine gesunde Königin stirbt das ganze Volk.',
    'Herr Dr. Vogel untersucht seit Jahren die Krankheiten der Bienen. Er hat festgestellt, dass viele Völker an einer winzigen Milbe leiden. Die Milbe schwächt die Bienen, bevor der Imker etwas bemerkt.',
    'Der Honig aus dem Garten wird auf dem Markt verkauft. Viele Leute kommen nur wegen dieses Honigs in das kleine Dorf. Der Imker erzählt ihnen gern, welche Blüten die Bienen besucht haben.',
    'Im Herbst wird es still in dem Garten. Die Bienen sammeln sich um die Königin und wärmen sie. Der Imker lässt ihnen genug Honig für die kalten Monate.',
  ],
  fr: [
    'La bibliothèque du village occupe une ancienne école. Les élèves y apprenaient à lire il y a cent ans, et la bibliothèque garde encore leurs cahiers. Chaque samedi, les habitants viennent y chercher des livres.',
    'Mme Laurent dirige la bibliothèque depuis dix ans. Elle achète des romans, mais aussi des livres de cuisine et des cartes anciennes. Les cartes anciennes attirent des chercheurs de toute la région.',
    'Pendant l’hiver, une conteuse raconte des histoires aux enfants. Les parents écoutent au fond de la salle et oublient le froid. Après la lecture, tout le monde boit du chocolat chaud.',
    'La mairie voudrait agrandir la bibliothèque. Les cartes anciennes auraient enfin une salle pour elles seules. Les travaux commenceront au printemps, si le budget est voté.',
  ],
} as const;

export type ProseLanguage = keyof typeof PROSE;

/** The paragraphs of a language as one text. */
export const proseOf = (language: ProseLanguage): string => PROSE[language].join('\n\n');
