import type { Audit } from './audit.ts'
import type { AuditEvent } from './recorder.ts'

/** The log as people read it, by console, command line and REST: who verified or exported it stands in it too. */
export function auditReads(audit: Audit, event: (what: AuditEvent) => void): Audit {
  return {
    ...audit,
    async export(format, filters = {}) {
      const pieces = await audit.export(format, filters)
      const what = { type: 'audit.exported' as const, format, filters }
      event(what)
      return pieces
    },
    async verify(options) {
      const result = await audit.verify(options)
      const { ok, entries, head, problems } = result
      const what = { type: 'audit.verified' as const, ok, entries, head, problems }
      event(what)
      return result
    },
  }
}
