import { badInput } from '../errors.ts';
import type { Upload } from '../graphql/upload.ts';

/** Files of one request. */
export const MAX_FILES = 10;

/** Puts a file where the map wants it. */
export type Place = (file: Upload) => void;

type Container = Record<string, unknown>;

/** Objects and lists of JSON: both have their members as own properties. */
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

const parse = (part: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw badInput(part, `The part "${part}" is not valid JSON.`);
  }
};

/** The one operation of a form. Throws BAD_USER_INPUT. */
export const readOperation = (text: string): Container => {
  const operation = parse('operations', text);
  if (isContainer(operation) && !Array.isArray(operation)) return operation;
  throw badInput('operations', 'The part "operations" must hold one operation, as a JSON object.');
};

/** A property of a value's own: what objects inherit cannot be reached, and so nothing of it replaced. */
const own = (value: unknown, name: string): unknown =>
  isContainer(value) && Object.hasOwn(value, name) ? value[name] : undefined;

/** The place that a path like `variables.a.0.b` names: it has to be there, and null. */
const placeAt = (operation: Container, path: string): Place => {
  const [root, ...names] = path.split('.');
  const last = names.pop();
  if (root !== 'variables' || last === undefined)
    throw badInput('map', `${JSON.stringify(path)} is no path like "variables.file".`);
  const container = [root, ...names].reduce<unknown>(own, operation);
  if (!isContainer(container) || own(container, last) !== null)
    throw badInput('map', `There is no null in the operations at ${JSON.stringify(path)}.`);
  return (file) => {
    container[last] = file;
  };
};

/**
 * Which part is for which places of the operation: `{ "0": ["variables.file"] }`. Throws BAD_USER_INPUT when it is
 * another shape, when one of the places is not there or not null, or when two parts are for the same one.
 */
export const readMap = (text: string, operation: Container): Map<string, readonly Place[]> => {
  const map = parse('map', text);
  if (!isContainer(map) || Array.isArray(map))
    throw badInput('map', 'The part "map" must be a JSON object, like {"0": ["variables.file"]}.');
  const entries = Object.entries(map);
  if (entries.length > MAX_FILES) throw badInput('map', `One request may have at most ${MAX_FILES} files.`);
  const taken = new Set<string>();
  return new Map(
    entries.map(([part, paths]) => {
      if (!Array.isArray(paths) || paths.length === 0)
        throw badInput('map', `The map must have a list of paths for the part ${JSON.stringify(part)}.`);
      const places = paths.map((path: unknown) => {
        if (typeof path !== 'string' || taken.has(path))
          throw badInput('map', `${JSON.stringify(path)} is no path, or one that the map has twice.`);
        taken.add(path);
        return placeAt(operation, path);
      });
      return [part, places];
    }),
  );
};
