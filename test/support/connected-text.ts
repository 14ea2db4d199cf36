export * from '../../src/sdk/connected-text.ts';
export * from '../../src/sdk/document-link.ts';
