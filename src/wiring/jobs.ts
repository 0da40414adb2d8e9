import type { Job } from '../housekeeping.ts'
import { createKeyRotation } from '../oidc/keys/rotation.ts'
import { forgetUsage } from '../oidc/usage/usage.ts'
import type { Services } from '../services.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Rows that the clean-up deletes at once. */
const SWEEP_ROWS = 500

/** Logs the end of the audit log: kept somewhere else, it proves later that nothing before it was replaced. */
export async function logAuditHead({ audit, logger }: Services): Promise<void> {
  logger.info({ audit_head: await audit.head() }, 'head of the audit log')
}

/** What the server does beside the requests. */
export function jobsOf(services: Services): Job[] {
  const { accounts, artifacts, audit, clock, rejections, selfRegistered, settings, usage } = services
  return [
    { name: 'expired artefacts', every: MINUTE / 2, run: () => artifacts.sweep(SWEEP_ROWS) },
    { name: 'old refused requests', every: MINUTE, run: () => rejections.prune() },
    { name: 'expired accounts and codes', every: 10 * MINUTE, run: () => accounts.purge() },
    { name: 'unused open clients', every: HOUR, run: () => selfRegistered.purge() },
    { name: 'old entries of the audit log', every: HOUR, run: () => audit.prune() },
    { name: 'old usage', every: HOUR, run: forgetUsage(usage, clock) },
    {
      name: 'key rotation',
      every: HOUR,
      run: createKeyRotation({ ...services, days: () => settings.values.keyRotationDays }),
    },
    {
      name: 'private halves of keys that were retired',
      every: HOUR,
      run: () => services.keys.forgetPrivateHalves(),
    },
    {
      name: 'head of the audit log',
      every: HOUR,
      async run() {
        await logAuditHead(services)
        return 0
      },
    },
  ]
}
