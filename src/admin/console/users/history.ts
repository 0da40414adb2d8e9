import type { Audit } from '../../../audit/audit.ts'
import type { Entry } from '../../../audit/entry.ts'
import { t } from '../../../shared/locales/texts.ts'
import { whoOf } from '../actor.ts'
import type { AuditDependencies } from '../audit/routes.ts'

/** Entries of a person's history on their page; the audit log has the rest. */
const MAX_SHOWN = 10

/** One entry of the audit log that is about a person. */
export interface HistoryLine {
  /** Milliseconds since the epoch. */
  at: number
  what: string
  /** The actor, and the address the request came from. */
  by: string
  href: string
}

/** What the audit log has of an account, the newest first. */
export async function historyOf(
  { audit, auditSentence }: { audit: Pick<Audit, 'list'> } & Pick<AuditDependencies, 'auditSentence'>,
  accountId: string,
): Promise<HistoryLine[]> {
  const { items } = await audit.list({ target: accountId }, { limit: MAX_SHOWN })
  return items.map((entry) => ({
    at: entry.at,
    what: auditSentence(entry.action, entry.target?.name),
    by: byAndFrom(entry),
    href: `/admin/audit/${entry.seq}`,
  }))
}

const byAndFrom = ({ actor, address }: Entry): string =>
  address ? t('admin.users.history.from', { who: whoOf(actor), address }) : whoOf(actor)
