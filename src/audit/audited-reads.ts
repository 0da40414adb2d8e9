import type { Audit } from './audit.ts'
import type { ExportFormat } from './export.ts'
import type { AuditFilters } from './filters.ts'
import type { Verification } from './verify.ts'

/** That the log was read in whole. */
export type AuditReadEvent =
  | { type: 'audit.exported'; format: ExportFormat; filters: AuditFilters }
  | ({ type: 'audit.verified' } & Pick<Verification, 'ok' | 'entries' | 'head' | 'problems'>)

/** The log as console, command line and REST read it: that it was verified or exported is audited too. */
export function auditReads(audit: Audit, events: (event: AuditReadEvent) => void): Audit {
  return {
    ...audit,
    async export(format, filters = {}) {
      const pieces = await audit.export(format, filters)
      events({ type: 'audit.exported', format, filters })
      return pieces
    },
    async verify(options) {
      const result = await audit.verify(options)
      const { ok, entries, head, problems } = result
      events({ type: 'audit.verified', ok, entries, head, problems })
      return result
    },
  }
}
