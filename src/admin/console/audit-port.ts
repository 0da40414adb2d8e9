/** The audit log, as the console shows it (src/audit). */
export interface AuditDependencies {
  audit: {
    list(
      filters: AuditFilters,
      page: { cursor?: string | undefined; limit?: number },
    ): Promise<{ items: AuditEntry[]; next_cursor?: string }>
    find(seq: number): Promise<AuditEntry | undefined>
    /** Text, piece by piece. */
    export(format: 'csv' | 'jsonl', filters: AuditFilters): Promise<AsyncIterable<string>>
    verify(): Promise<{ ok: boolean }>
  }
  /** What was done, in words behind the name of who did it. */
  auditSentence(action: string, target: string | undefined): string
  /** What there is to filter by. */
  auditActions: readonly { prefix: string; label: string; actions: readonly string[] }[]
}

export type AuditFilters = {
  [Name in 'action' | 'actor' | 'target' | 'address' | 'from' | 'to' | 'text']?: string | undefined
}

export interface AuditEntry {
  seq: number
  /** Milliseconds since the epoch. */
  at: number
  action: string
  actor: { kind: string; id?: string; name?: string }
  target?: { kind: string; id?: string | undefined; name?: string | undefined } | undefined
  address?: string | undefined
  requestId?: string | undefined
  details: Readonly<Record<string, unknown>>
  hash: string
}
