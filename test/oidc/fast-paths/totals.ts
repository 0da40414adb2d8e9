import { get } from '../../security/attacker.ts'
import type { Latchkey } from '../../support/latchkey.ts'

/** Counts of all that a request leaves beside its answer. */
export async function totals(latchkey: Latchkey): Promise<Record<string, number>> {
  const { db, audit } = latchkey.services
  await audit.idle()
  const rows = await db.artifacts.all<{ model: string; n: number }>(
    'SELECT model, COUNT(*) AS n FROM artifacts GROUP BY model',
  )
  const metrics = (await get(`${latchkey.issuer}/metrics`)).text
  const counted = metrics.matchAll(
    /^(latchkey_(?:http_requests|tokens_issued|refusals|events)_total\{(?!.*"\/metrics").*\}) (\d+)$/gm,
  )
  return Object.fromEntries([
    ...rows.map(({ model, n }) => [model, Number(n)] as const),
    ['audit', await db.prisma.auditEntry.count()],
    ...[...counted].map(([, name = '', value]) => [name, Number(value)] as const),
  ])
}

export const differences = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.keys({ ...before, ...after })
      .map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const)
      .filter(([, value]) => value !== 0),
  )
