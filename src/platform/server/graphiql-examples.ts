export interface Example {
  readonly query: string;
  readonly variables?: string;
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);

/** Operations that GraphiQL offers as tabs, on a document of the demo user's own. */
export const exampleOperations = (userName: string): Example[] => {
  const id = `hello-${userName.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return [
    {
      query: `# 1. Creates a document. The id is yours to choose, so it is safe to run this twice.
mutation CreateDocument($input: CreateDocumentInput!) {
  createDocument(input: $input) {
    id
    title
    content
    revision
  }
}
`,
      variables: json({ input: { id, title: 'Hello', content: 'Hello, world!' } }),
    },
    {
      query: `# 2. What you may read, newest first.
query ListDocuments($first: Int!) {
  documents(first: $first) {
    totalCount
    edges {
      cursor
      node {
        id
        title
        revision
        contentLength
        updatedAt
      }
    }
  }
}
`,
      variables: json({ first: 20 }),
    },
    {
      query: `# 3. Every change from the first on, live. Leave it running and go to tab 4, here or in another window.
subscription DocumentChanges($documentId: ID!, $after: Int) {
  documentChanges(documentId: $documentId, after: $after, echo: true) {
    revision
    changeType
    position
    length
    content
    user {
      name
    }
    timestamp
  }
}
`,
      variables: json({ documentId: id, after: 0 }),
    },
    {
      query: `# 4. Writes into the document. Each run is a new change.
mutation ApplyChange($documentId: ID!, $change: DocumentChangeInput!) {
  applyDocumentChange(documentId: $documentId, change: $change) {
    revision
    changes {
      revision
      position
      content
    }
  }
}
`,
      variables: json({
        documentId: id,
        change: { changeType: 'INSERT', position: 0, content: 'Dear reader, ' },
      }),
    },
  ];
};
