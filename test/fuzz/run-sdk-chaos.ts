/** `npm run sdk:chaos -- --seconds 60 --clients 8 --seed 1`: people edit over a network that cuts, delays and stalls. */
import { startServer } from '../support/server.ts';
import { readNumbers } from './options.ts';
import { sdkChaos } from './sdk-chaos.ts';

const { seconds, clients, seed } = readNumbers({ seconds: 60, clients: 8, seed: 1 });
console.log(`${clients} clients, ${seconds} s, seed ${seed}`);
const server = await startServer();
try {
  const counts = await sdkChaos({ url: server.url, seconds, clients, seed });
  console.log(JSON.stringify(counts));
  console.log(`all ${clients} are equal, and every mark that was not deleted is there once`);
} catch (error) {
  console.error(server.log());
  console.error(error);
  process.exitCode = 1;
} finally {
  await server.stop();
}
