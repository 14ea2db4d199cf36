import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Viewer } from '../graphql/context.ts';
import type { OperationLimits } from '../graphql/limits.ts';
import type { Instruments } from '../metrics/instruments.ts';
import type { Resource } from './resource.ts';

export interface ServerLimits extends OperationLimits {
  /** Milliseconds from a socket's opening to its acknowledged `connection_init`. */
  readonly initMs: number;
  /** Of a socket's message, and of the operation of a form; another request's body may have twice as many. */
  readonly messageBytes: number;
  /** Of one file of a form. */
  readonly uploadBytes: number;
  readonly subscriptionsPerSocket: number;
  /** Bytes that may wait to be sent to a socket before its streams wait. */
  readonly unsentBytes: number;
  /** Milliseconds after which a socket that takes nothing of what waits is closed. */
  readonly stallMs: number;
}

/** The part of the configuration that the server reads. */
export interface ServerConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** null: only the origin that the server itself is reached at. */
  readonly allowedOrigins: readonly string[] | null;
  readonly graphiql: boolean;
  readonly production: boolean;
  /** Demo users sign in freely, so only this machine may be asked for (no foreign `Host`). */
  readonly development: boolean;
  readonly limits: ServerLimits;
}

/** Someone whom GraphiQL and the console sign in as, in development mode. */
export interface DemoUser {
  readonly name: string;
  token(): Promise<string>;
}

/**
 * Who a token speaks for. Rejects with a QuireError; UNAUTHENTICATED with `reason: 'expired'` means that the token is
 * good in all else (a socket closes with 4403 rather than 4401).
 */
export type Authenticate = (token: string) => Promise<Viewer>;

export interface ServerOptions {
  readonly schema: GraphQLSchema;
  readonly authenticate: Authenticate;
  readonly config: ServerConfig;
  readonly log: Logger;
  readonly clock: Clock;
  /** `ok`, or what is wrong, of each component. */
  readonly ready: () => Promise<Record<string, string>>;
  readonly demoUsers?: readonly DemoUser[];
  /** Where the built console is, or will be; without it there is none. */
  readonly consoleDirectory?: string;
  /** What can be polled. */
  readonly resources?: readonly Resource[];
  /** Where is written down how long operations take, and how many payloads are handed over. */
  readonly instruments?: Pick<Instruments, 'responses' | 'deliveries'>;
}

/** What is open at the moment. */
export interface ServerCounts {
  readonly sockets: number;
  /** Sockets whose `connection_init` was acknowledged. */
  readonly signedIn: number;
  /** Event streams over HTTP. */
  readonly eventStreams: number;
  /** Subscriptions of all transports. */
  readonly subscriptions: number;
  /** Distinct selections that are rendered once for all who have subscribed to them. */
  readonly audiences: number;
}

export interface QuireServer {
  counts(): ServerCounts;
  /** Opens the port. Rejects when it cannot be had. */
  listen(): Promise<{ url: string; port: number }>;
  /**
   * Stops within 10 s: nothing new is accepted, what runs may finish, sockets are closed with 1001 one after another.
   * Idempotent.
   */
  close(): Promise<void>;
}
