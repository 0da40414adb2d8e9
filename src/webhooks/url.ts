import { isPublicHost, type Reach } from '../http/outgoing/addresses.ts'
import { t } from '../shared/locales/texts.ts'

/** Why events may not be sent to an address, for the administrator who typed it; undefined: they may. The connection is guarded besides. */
export function webhookUrlProblem(url: URL, reach: Reach): string | undefined {
  // Beside an issuer on loopback everything is on loopback.
  if (reach.allowLoopback) return undefined
  if (!isPublicHost(url.hostname, reach)) return t('admin.webhooks.problem.url.inside')
  // A host that was named may do without.
  const named = !isPublicHost(url.hostname, { allowLoopback: false })
  return url.protocol === 'https:' || named ? undefined : t('admin.webhooks.problem.url.https')
}
