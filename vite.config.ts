import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Where `npm run dev` listens. */
const server = 'http://localhost:4000';

/** The web console. scripts/build-console.js builds it; `npm run dev:console` serves it from its sources. */
export default defineConfig({
  root: at('./src/console'),
  plugins: [react()],
  build: {
    outDir: at('./dist/console-next'),
    emptyOutDir: true,
    // No data: URLs in the place of files, so that the policy of the page needs none.
    assetsInlineLimit: 0,
    target: 'es2022',
    reportCompressedSize: false,
  },
  server: {
    // Not all of /api: the console has a folder of this name.
    proxy: { '/graphql': { target: server, ws: true }, '/api/demo-users': { target: server } },
  },
});
