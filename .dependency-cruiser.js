/** The house rules of docs/architecture.md, as a machine reads them: one direction, no circles. */
const room = (name) => `^src/${name}/`;
const forbid = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});
/** A feature stands on the platform and on features before it. */
const mayUse = (feature, others) =>
  forbid(
    `${feature}-uses-what-comes-before`,
    room(feature),
    `^src/(?!(${[feature, ...others, 'platform', 'text'].join('|')})/)`,
    'The order of the features stands in docs/architecture.md.',
  );

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    forbid('text-knows-nobody', room('text'), '^src/(?!text/)', 'text/ is shared by server and SDK.'),
    forbid(
      'platform-knows-no-feature',
      room('platform'),
      '^src/(?!platform/|text/)',
      'Features depend on the platform, never the other way.',
    ),
    mayUse('auth', []),
    mayUse('documents', ['auth']),
    mayUse('collaboration', ['auth', 'documents']),
    mayUse('compliance', ['auth', 'documents']),
    mayUse('processing', ['auth', 'documents', 'compliance']),
    mayUse('system', ['auth', 'documents', 'compliance', 'processing']),
    forbid(
      'scanner-knows-nobody',
      room('compliance/scanner'),
      '^src/(?!compliance/scanner/)',
      'Pure: it runs in a child process.',
    ),
    forbid('sdk-holds-no-server', room('sdk'), '^src/(?!sdk/|text/)', 'The SDK runs in browsers.'),
    forbid(
      'console-knows-the-sdk',
      room('console'),
      '^src/(?!console/|sdk/)',
      'It is a client, like any other.',
    ),
    forbid('console-is-no-library', '^src/(?!console/)', room('console'), 'It is a bundle of its own.'),
    {
      name: 'no-dev-dependencies-in-src',
      severity: 'error',
      // The console is bundled: what is of others comes with it.
      from: { path: '^src/(?!console/)' },
      // What a part of the SDK is used with is a peer, and here for its tests.
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    // Packages of types alone have no `main`.
    enhancedResolveOptions: {
      mainFields: ['module', 'main', 'types', 'typings'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
