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
    `# 5. Has the document processed: text, language, keywords, summary, personal data, search.
# Files come by uploadDocument (docs/protocol.md) and are processed alike.
mutation StartProcessing {
  startProcessing(documentId: "${id}") {
    id
    status
    steps {
      name
      description
    }
  }
}
`,
    `# 6. How its newest job comes along, live; it ends by itself when the job has ended.
# Leave it running, and run tab 5 in another window; or run tab 5 first, and see the end of it here.
subscription ProcessingUpdates {
  processingUpdates(documentId: "${id}") {
    status
    progress
    message
    result {
      language {
        code
      }
      statistics {
        words
      }
      keywords {
        term
      }
      summary
      findings {
        rule
        excerpt
      }
    }
    error
  }
}
`,
    `# 7. What was found in your documents that is personal, of payment or of health, from the first on, live.
# Write a card number into the document (4111 1111 1111 1111 is for tests) by tab 4, and process it by tab 5.
subscription ComplianceAlerts {
  complianceAlerts(after: 0) {
    id
    message
    severity
    documentId
    findings {
      rule
      from
      to
      excerpt
    }
  }
}
`,
  ].map((query) => ({ query }));
};
