/** What the contract has and this version does not, by feature; a feature that is built leaves this list. */
export const notBuilt: Readonly<Record<string, readonly string[]>> = {};
