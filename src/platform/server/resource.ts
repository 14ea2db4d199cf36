/** What is told of a thing: a value of each of its fields. */
export type ResourceBody = Readonly<Record<string, unknown>>;

/** Things of one kind, whose state those without sockets ask for by GET. */
export interface Resource {
  /** What one of them is called in a message. */
  readonly name: string;
  /** The path before the id: `/api/jobs/`. */
  readonly path: string;
  /** A query with the variable `$id`; what its one root field gives is the body. */
  readonly query: string;
  /** Fields of the body that move while the state stays as it is. */
  readonly drifting?: readonly string[];
  /** Whether another state is to be expected. */
  isOpen(body: ResourceBody): boolean;
}
