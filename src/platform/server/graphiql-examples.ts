/**
 * Operations that GraphiQL offers as tabs, on a document of the demo user's own. Their values stand in the text,
 * because the page drops the variables of its default tabs.
 */
export const exampleOperations = (userName: string): { readonly query: string }[] => {
  const id = `hello-${userName.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return [
    `# 1. Creates a document. The id is yours to choose, so it is safe to run this twice.
mutation CreateDocument {
  createDocument(input: { id: "${id}", title: "Hello", content: "Hello, world!" }) {
    id
    title
    content
    revision
  }
}
`,
    `# 2. What you may read, newest first.
query ListDocuments {
  documents(first: 20) {
    totalCount
    edges {
      cursor
      node {
        id
        title
        content
        revision
        updatedAt
      }
    }
  }
}
`,
    `# 3. Every change from the first on, live.
# Leave it running, and run tab 4 in another window.
subscription DocumentChanges {
  documentChanges(documentId: "${id}", after: 0, echo: true) {
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
    `# 4. Writes into the document. Each run is a new change.
mutation ApplyChange {
  applyDocumentChange(
    documentId: "${id}"
    change: { changeType: INSERT, position: 0, content: "Dear reader. " }
  ) {
    revision
    changes {
      revision
      position
      content
    }
  }
}
`,
  ].map((query) => ({ query }));
};
