import { createApp } from './app.ts';
import { ConfigError, readConfig } from './platform/config.ts';
import { createLog } from './platform/log.ts';

/** Milliseconds after which a stop that does not come to its end is cut short. */
const STOP_MS = 10_000;

/** What whoever starts the server can mend, by another setting (HOST, PORT): the message says enough. */
const isOperators = (error: unknown): error is Error =>
  error instanceof ConfigError ||
  (error instanceof Error && 'syscall' in error && error.syscall === 'listen');

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const app = await createApp(config, log);

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.error('the stop took too long');
      process.exit(1);
    }, STOP_MS).unref();
    app.close().then(
      () => {
        log.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  const { url } = await app.listen();
  log.info({ url }, 'listening');
  for (const { name, token } of await app.demoTokens()) {
    // For a person's eyes and not a log line: logs hold no tokens.
    process.stderr.write(`\n${name}'s token:\n${token}\n`);
  }
}

main().catch((error: unknown) => {
  console.error(isOperators(error) ? error.message : error);
  process.exit(1);
});
