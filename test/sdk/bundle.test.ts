import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

/** Bytes, compressed by gzip, that the client may have in a page, beside the editor's own packages. */
const MOST_BYTES = 40 * 1024;

/** What the package names, as a page's bundler finds it. */
async function bundle(external: readonly string[]): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from 'quire/client';",
      resolveDir: new URL('../..', import.meta.url).pathname,
    },
    bundle: true,
    write: false,
    format: 'esm',
    minify: true,
    platform: 'browser',
    target: 'es2022',
    external: [...external],
  });
  return outputFiles[0]?.text ?? '';
}

describe('quire/client in a page', () => {
  it('has no part of Node and is small', async () => {
    const text = await bundle(['@codemirror/*']);
    const size = gzipSync(text).length;
    const whole = gzipSync(await bundle([])).length;
    process.stdout.write(`quire/client: ${size} bytes with gzip, with the text of CodeMirror ${whole}\n`);
    expect(text).toContain('createQuireClient');
    expect(text).not.toMatch(/["']node:|\bBuffer\b|\brequire\(/);
    expect(size).toBeLessThanOrEqual(MOST_BYTES);
  });

  it('has types that are found and say what operations give', () => {
    expect(packageJson.exports['./client'].types).toBe('./dist/sdk/index.d.ts');
    // A file of the package itself, as far as the compiler is told.
    const file = new URL('../../user-of-the-client.ts', import.meta.url).pathname;
    const text = `import { createQuireClient, OperationError } from 'quire/client';
      const client = createQuireClient({ url: 'http://localhost:4000', token: async () => '' });
      const revision: number | undefined = (await client.operations.Document({ id: 'a' })).document?.revision;
      for await (const { documentChanges } of client.operations.DocumentChanges({ documentId: 'a' }))
        documentChanges.content.length satisfies number;
      for await (const job of client.jobs.track('a')) job.document.title satisfies string;
      // @ts-expect-error: an id is needed
      await client.operations.Document({});
      export { revision, OperationError };`;
    const options: ts.CompilerOptions = {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts'],
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    };
    const real = ts.createCompilerHost(options);
    const host: ts.CompilerHost = {
      ...real,
      fileExists: (name) => name === file || real.fileExists(name),
      getSourceFile: (name, version, ...more) =>
        name === file
          ? ts.createSourceFile(name, text, version, true)
          : real.getSourceFile(name, version, ...more),
    };
    const program = ts.createProgram([file], options, host);
    const found = program.getSemanticDiagnostics(program.getSourceFile(file));
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });
});
