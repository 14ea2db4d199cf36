import type { DocumentNode } from 'graphql';
import * as Operations from './generated.ts';















































export type Requester<C = {}> = <R, V>(doc: DocumentNode, vars?: V, options?: C) => Promise<R> | AsyncIterable<R>
export function getSdk<C>(requester: Requester<C>) {
  return {
    CollaborativeSession(variables: Operations.CollaborativeSessionQueryVariables, options?: C): Promise<Operations.CollaborativeSessionQuery> {
      return requester<Operations.CollaborativeSessionQuery, Operations.CollaborativeSessionQueryVariables>(Operations.CollaborativeSessionDocument, variables, options) as Promise<Operations.CollaborativeSessionQuery>;
    },
    DocumentSession(variables: Operations.DocumentSessionQueryVariables, options?: C): Promise<Operations.DocumentSessionQuery> {
      return requester<Operations.DocumentSessionQuery, Operations.DocumentSessionQueryVariables>(Operations.DocumentSessionDocument, variables, options) as Promise<Operations.DocumentSessionQuery>;
    },
    JoinDocument(variables: Operations.JoinDocumentMutationVariables, options?: C): Promise<Operations.JoinDocumentMutation> {
      return requester<Operations.JoinDocumentMutation, Operations.JoinDocumentMutationVariables>(Operations.JoinDocumentDocument, variables, options) as Promise<Operations.JoinDocumentMutation>;
    },
    LeaveDocument(variables: Operations.LeaveDocumentMutationVariables, options?: C): Promise<Operations.LeaveDocumentMutation> {
      return requester<Operations.LeaveDocumentMutation, Operations.LeaveDocumentMutationVariables>(Operations.LeaveDocumentDocument, variables, options) as Promise<Operations.LeaveDocumentMutation>;
    },
    UpdatePresence(variables: Operations.UpdatePresenceMutationVariables, options?: C): Promise<Operations.UpdatePresenceMutation> {
      return requester<Operations.UpdatePresenceMutation, Operations.UpdatePresenceMutationVariables>(Operations.UpdatePresenceDocument, variables, options) as Promise<Operations.UpdatePresenceMutation>;
    },
    UpdateCursorPosition(variables: Operations.UpdateCursorPositionMutationVariables, options?: C): Promise<Operations.UpdateCursorPositionMutation> {
      return requester<Operations.UpdateCursorPositionMutation, Operations.UpdateCursorPositionMutationVariables>(Operations.UpdateCursorPositionDocument, variables, options) as Promise<Operations.UpdateCursorPositionMutation>;
    },
    SetTyping(variables: Operations.SetTypingMutationVariables, options?: C): Promise<Operations.SetTypingMutation> {
      return requester<Operations.SetTypingMutation, Operations.SetTypingMutationVariables>(Operations.SetTypingDocument, variables, options) as Promise<Operations.SetTypingMutation>;
    },
    CollaborationUpdates(variables: Operations.CollaborationUpdatesSubscriptionVariables, options?: C): AsyncIterable<Operations.CollaborationUpdatesSubscription> {
      return requester<Operations.CollaborationUpdatesSubscription, Operations.CollaborationUpdatesSubscriptionVariables>(Operations.CollaborationUpdatesDocument, variables, options) as AsyncIterable<Operations.CollaborationUpdatesSubscription>;
    },
    CollaborationEvents(variables: Operations.CollaborationEventsSubscriptionVariables, options?: C): AsyncIterable<Operations.CollaborationEventsSubscription> {
      return requester<Operations.CollaborationEventsSubscription, Operations.CollaborationEventsSubscriptionVariables>(Operations.CollaborationEventsDocument, variables, options) as AsyncIterable<Operations.CollaborationEventsSubscription>;
    },
    ComplianceAlerts(variables?: Operations.ComplianceAlertsQueryVariables, options?: C): Promise<Operations.ComplianceAlertsQuery> {
      return requester<Operations.ComplianceAlertsQuery, Operations.ComplianceAlertsQueryVariables>(Operations.ComplianceAlertsDocument, variables, options) as Promise<Operations.ComplianceAlertsQuery>;
    },
    AcknowledgeComplianceAlert(variables: Operations.AcknowledgeComplianceAlertMutationVariables, options?: C): Promise<Operations.AcknowledgeComplianceAlertMutation> {
      return requester<Operations.AcknowledgeComplianceAlertMutation, Operations.AcknowledgeComplianceAlertMutationVariables>(Operations.AcknowledgeComplianceAlertDocument, variables, options) as Promise<Operations.AcknowledgeComplianceAlertMutation>;
    },
    ComplianceAlertsRaised(variables?: Operations.ComplianceAlertsRaisedSubscriptionVariables, options?: C): AsyncIterable<Operations.ComplianceAlertsRaisedSubscription> {
      return requester<Operations.ComplianceAlertsRaisedSubscription, Operations.ComplianceAlertsRaisedSubscriptionVariables>(Operations.ComplianceAlertsRaisedDocument, variables, options) as AsyncIterable<Operations.ComplianceAlertsRaisedSubscription>;
    },
    Viewer(variables?: Operations.ViewerQueryVariables, options?: C): Promise<Operations.ViewerQuery> {
      return requester<Operations.ViewerQuery, Operations.ViewerQueryVariables>(Operations.ViewerDocument, variables, options) as Promise<Operations.ViewerQuery>;
    },
    Document(variables: Operations.DocumentQueryVariables, options?: C): Promise<Operations.DocumentQuery> {
      return requester<Operations.DocumentQuery, Operations.DocumentQueryVariables>(Operations.DocumentDocument, variables, options) as Promise<Operations.DocumentQuery>;
    },
    Documents(variables?: Operations.DocumentsQueryVariables, options?: C): Promise<Operations.DocumentsQuery> {
      return requester<Operations.DocumentsQuery, Operations.DocumentsQueryVariables>(Operations.DocumentsDocument, variables, options) as Promise<Operations.DocumentsQuery>;
    },
    DocumentText(variables: Operations.DocumentTextQueryVariables, options?: C): Promise<Operations.DocumentTextQuery> {
      return requester<Operations.DocumentTextQuery, Operations.DocumentTextQueryVariables>(Operations.DocumentTextDocument, variables, options) as Promise<Operations.DocumentTextQuery>;
    },
    DocumentTextAt(variables: Operations.DocumentTextAtQueryVariables, options?: C): Promise<Operations.DocumentTextAtQuery> {
      return requester<Operations.DocumentTextAtQuery, Operations.DocumentTextAtQueryVariables>(Operations.DocumentTextAtDocument, variables, options) as Promise<Operations.DocumentTextAtQuery>;
    },
    DocumentLog(variables: Operations.DocumentLogQueryVariables, options?: C): Promise<Operations.DocumentLogQuery> {
      return requester<Operations.DocumentLogQuery, Operations.DocumentLogQueryVariables>(Operations.DocumentLogDocument, variables, options) as Promise<Operations.DocumentLogQuery>;
    },
    DocumentAuthorship(variables: Operations.DocumentAuthorshipQueryVariables, options?: C): Promise<Operations.DocumentAuthorshipQuery> {
      return requester<Operations.DocumentAuthorshipQuery, Operations.DocumentAuthorshipQueryVariables>(Operations.DocumentAuthorshipDocument, variables, options) as Promise<Operations.DocumentAuthorshipQuery>;
    },
    CreateDocument(variables: Operations.CreateDocumentMutationVariables, options?: C): Promise<Operations.CreateDocumentMutation> {
      return requester<Operations.CreateDocumentMutation, Operations.CreateDocumentMutationVariables>(Operations.CreateDocumentDocument, variables, options) as Promise<Operations.CreateDocumentMutation>;
    },
    UploadDocument(variables: Operations.UploadDocumentMutationVariables, options?: C): Promise<Operations.UploadDocumentMutation> {
      return requester<Operations.UploadDocumentMutation, Operations.UploadDocumentMutationVariables>(Operations.UploadDocumentDocument, variables, options) as Promise<Operations.UploadDocumentMutation>;
    },
    UpdateDocument(variables: Operations.UpdateDocumentMutationVariables, options?: C): Promise<Operations.UpdateDocumentMutation> {
      return requester<Operations.UpdateDocumentMutation, Operations.UpdateDocumentMutationVariables>(Operations.UpdateDocumentDocument, variables, options) as Promise<Operations.UpdateDocumentMutation>;
    },
    DeleteDocument(variables: Operations.DeleteDocumentMutationVariables, options?: C): Promise<Operations.DeleteDocumentMutation> {
      return requester<Operations.DeleteDocumentMutation, Operations.DeleteDocumentMutationVariables>(Operations.DeleteDocumentDocument, variables, options) as Promise<Operations.DeleteDocumentMutation>;
    },
    AddCollaborator(variables: Operations.AddCollaboratorMutationVariables, options?: C): Promise<Operations.AddCollaboratorMutation> {
      return requester<Operations.AddCollaboratorMutation, Operations.AddCollaboratorMutationVariables>(Operations.AddCollaboratorDocument, variables, options) as Promise<Operations.AddCollaboratorMutation>;
    },
    ChangeCollaboratorRole(variables: Operations.ChangeCollaboratorRoleMutationVariables, options?: C): Promise<Operations.ChangeCollaboratorRoleMutation> {
      return requester<Operations.ChangeCollaboratorRoleMutation, Operations.ChangeCollaboratorRoleMutationVariables>(Operations.ChangeCollaboratorRoleDocument, variables, options) as Promise<Operations.ChangeCollaboratorRoleMutation>;
    },
    RemoveCollaborator(variables: Operations.RemoveCollaboratorMutationVariables, options?: C): Promise<Operations.RemoveCollaboratorMutation> {
      return requester<Operations.RemoveCollaboratorMutation, Operations.RemoveCollaboratorMutationVariables>(Operations.RemoveCollaboratorDocument, variables, options) as Promise<Operations.RemoveCollaboratorMutation>;
    },
    ApplyDocumentChange(variables: Operations.ApplyDocumentChangeMutationVariables, options?: C): Promise<Operations.ApplyDocumentChangeMutation> {
      return requester<Operations.ApplyDocumentChangeMutation, Operations.ApplyDocumentChangeMutationVariables>(Operations.ApplyDocumentChangeDocument, variables, options) as Promise<Operations.ApplyDocumentChangeMutation>;
    },
    ApplyDocumentChanges(variables: Operations.ApplyDocumentChangesMutationVariables, options?: C): Promise<Operations.ApplyDocumentChangesMutation> {
      return requester<Operations.ApplyDocumentChangesMutation, Operations.ApplyDocumentChangesMutationVariables>(Operations.ApplyDocumentChangesDocument, variables, options) as Promise<Operations.ApplyDocumentChangesMutation>;
    },
    RevertDocument(variables: Operations.RevertDocumentMutationVariables, options?: C): Promise<Operations.RevertDocumentMutation> {
      return requester<Operations.RevertDocumentMutation, Operations.RevertDocumentMutationVariables>(Operations.RevertDocumentDocument, variables, options) as Promise<Operations.RevertDocumentMutation>;
    },
    DocumentChanges(variables: Operations.DocumentChangesSubscriptionVariables, options?: C): AsyncIterable<Operations.DocumentChangesSubscription> {
      return requester<Operations.DocumentChangesSubscription, Operations.DocumentChangesSubscriptionVariables>(Operations.DocumentChangesDocument, variables, options) as AsyncIterable<Operations.DocumentChangesSubscription>;
    },
    ProcessingJob(variables: Operations.ProcessingJobQueryVariables, options?: C): Promise<Operations.ProcessingJobQuery> {
      return requester<Operations.ProcessingJobQuery, Operations.ProcessingJobQueryVariables>(Operations.ProcessingJobDocument, variables, options) as Promise<Operations.ProcessingJobQuery>;
    },
    DocumentProcessing(variables: Operations.DocumentProcessingQueryVariables, options?: C): Promise<Operations.DocumentProcessingQuery> {
      return requester<Operations.DocumentProcessingQuery, Operations.DocumentProcessingQueryVariables>(Operations.DocumentProcessingDocument, variables, options) as Promise<Operations.DocumentProcessingQuery>;
    },
    Batch(variables: Operations.BatchQueryVariables, options?: C): Promise<Operations.BatchQuery> {
      return requester<Operations.BatchQuery, Operations.BatchQueryVariables>(Operations.BatchDocument, variables, options) as Promise<Operations.BatchQuery>;
    },
    BatchJobs(variables: Operations.BatchJobsQueryVariables, options?: C): Promise<Operations.BatchJobsQuery> {
      return requester<Operations.BatchJobsQuery, Operations.BatchJobsQueryVariables>(Operations.BatchJobsDocument, variables, options) as Promise<Operations.BatchJobsQuery>;
    },
    StartProcessing(variables: Operations.StartProcessingMutationVariables, options?: C): Promise<Operations.StartProcessingMutation> {
      return requester<Operations.StartProcessingMutation, Operations.StartProcessingMutationVariables>(Operations.StartProcessingDocument, variables, options) as Promise<Operations.StartProcessingMutation>;
    },
    CancelProcessing(variables: Operations.CancelProcessingMutationVariables, options?: C): Promise<Operations.CancelProcessingMutation> {
      return requester<Operations.CancelProcessingMutation, Operations.CancelProcessingMutationVariables>(Operations.CancelProcessingDocument, variables, options) as Promise<Operations.CancelProcessingMutation>;
    },
    RetryProcessing(variables: Operations.RetryProcessingMutationVariables, options?: C): Promise<Operations.RetryProcessingMutation> {
      return requester<Operations.RetryProcessingMutation, Operations.RetryProcessingMutationVariables>(Operations.RetryProcessingDocument, variables, options) as Promise<Operations.RetryProcessingMutation>;
    },
    StartBatch(variables: Operations.StartBatchMutationVariables, options?: C): Promise<Operations.StartBatchMutation> {
      return requester<Operations.StartBatchMutation, Operations.StartBatchMutationVariables>(Operations.StartBatchDocument, variables, options) as Promise<Operations.StartBatchMutation>;
    },
    CancelBatch(variables: Operations.CancelBatchMutationVariables, options?: C): Promise<Operations.CancelBatchMutation> {
      return requester<Operations.CancelBatchMutation, Operations.CancelBatchMutationVariables>(Operations.CancelBatchDocument, variables, options) as Promise<Operations.CancelBatchMutation>;
    },
    RetryBatch(variables: Operations.RetryBatchMutationVariables, options?: C): Promise<Operations.RetryBatchMutation> {
      return requester<Operations.RetryBatchMutation, Operations.RetryBatchMutationVariables>(Operations.RetryBatchDocument, variables, options) as Promise<Operations.RetryBatchMutation>;
    },
    ProcessingUpdates(variables: Operations.ProcessingUpdatesSubscriptionVariables, options?: C): AsyncIterable<Operations.ProcessingUpdatesSubscription> {
      return requester<Operations.ProcessingUpdatesSubscription, Operations.ProcessingUpdatesSubscriptionVariables>(Operations.ProcessingUpdatesDocument, variables, options) as AsyncIterable<Operations.ProcessingUpdatesSubscription>;
    },
    BatchProcessingUpdates(variables: Operations.BatchProcessingUpdatesSubscriptionVariables, options?: C): AsyncIterable<Operations.BatchProcessingUpdatesSubscription> {
      return requester<Operations.BatchProcessingUpdatesSubscription, Operations.BatchProcessingUpdatesSubscriptionVariables>(Operations.BatchProcessingUpdatesDocument, variables, options) as AsyncIterable<Operations.BatchProcessingUpdatesSubscription>;
    },
    SystemStatus(variables?: Operations.SystemStatusQueryVariables, options?: C): Promise<Operations.SystemStatusQuery> {
      return requester<Operations.SystemStatusQuery, Operations.SystemStatusQueryVariables>(Operations.SystemStatusDocument, variables, options) as Promise<Operations.SystemStatusQuery>;
    },
    Metrics(variables?: Operations.MetricsQueryVariables, options?: C): Promise<Operations.MetricsQuery> {
      return requester<Operations.MetricsQuery, Operations.MetricsQueryVariables>(Operations.MetricsDocument, variables, options) as Promise<Operations.MetricsQuery>;
    },
    SystemStatusUpdates(variables?: Operations.SystemStatusUpdatesSubscriptionVariables, options?: C): AsyncIterable<Operations.SystemStatusUpdatesSubscription> {
      return requester<Operations.SystemStatusUpdatesSubscription, Operations.SystemStatusUpdatesSubscriptionVariables>(Operations.SystemStatusUpdatesDocument, variables, options) as AsyncIterable<Operations.SystemStatusUpdatesSubscription>;
    },
    MetricsUpdates(variables?: Operations.MetricsUpdatesSubscriptionVariables, options?: C): AsyncIterable<Operations.MetricsUpdatesSubscription> {
      return requester<Operations.MetricsUpdatesSubscription, Operations.MetricsUpdatesSubscriptionVariables>(Operations.MetricsUpdatesDocument, variables, options) as AsyncIterable<Operations.MetricsUpdatesSubscription>;
    }
  };
}
export type Sdk = ReturnType<typeof getSdk>;