/**
 * `pnpm lint:cycles`: dependency-cruiser fails on a cycle between files or between folders and prints the path of the cycle.
 *
 * oxlint's `import/no-cycle` does not see folders or imports between workspace packages. madge and dependency-cruiser's default
 * parser use the JavaScript API of TypeScript, which TypeScript 7 no longer has; swc parses without it.
 */
export default {
  forbidden: [
    {
      name: 'no-file-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      // Two folders that import each other are one folder: neither can be read or moved alone.
      name: 'no-folder-cycle',
      severity: 'error',
      scope: 'folder',
      from: {},
      to: { circular: true },
    },
    {
      // An import that does not resolve would hide a cycle.
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    // Imports of types count: a reader follows them like any other.
    tsPreCompilationDeps: true,
    // Nothing imports a test, so a test is in no cycle of files; its imports would join the folder to the test utilities.
    exclude: { path: ['(^|/)dist/', '\\.test\\.ts$'] },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      // The same condition as in tsconfig.base.json: a workspace package resolves to its sources, so a cycle through it is seen.
      conditionNames: ['@promptq/source', 'import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts'],
    },
  },
};
