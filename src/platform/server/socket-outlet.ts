import type { Payload } from '../graphql/delivery.ts';
import type { Outbox, Sender } from '../realtime/outbox.ts';
import { nextFrame, nextOverhead, nextPrefix } from './frames.ts';
import type { Outlet } from './subscription.ts';

/** Puts the payloads of one subscription into frames of its own. */
export class SocketOutlet implements Outlet, Sender {
  readonly #outbox: Outbox;
  readonly #prefix: string;
  gone = false;

  constructor(outbox: Outbox, id: string) {
    this.#outbox = outbox;
    this.#prefix = nextPrefix(id);
  }

  get hasRoom(): boolean {
    return this.#outbox.hasRoom(nextOverhead(this.#prefix));
  }

  offer(payload: Payload): boolean {
    if (!this.#outbox.hasRoom(payload.length + nextOverhead(this.#prefix))) return false;
    this.#outbox.push(nextFrame(this.#prefix, payload), this);
    return true;
  }

  whenRoom(call: () => void): void {
    this.#outbox.whenRoom(call);
  }

  force(payload: Payload): void {
    this.#outbox.push(nextFrame(this.#prefix, payload), this);
  }

  silence(): void {
    this.gone = true;
  }
}
