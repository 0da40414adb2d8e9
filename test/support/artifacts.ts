import type { Latchkey } from './latchkey.ts'

/** What is stored of a client, by model: all of it, which no request of the program may ask. */
export async function artifactsOf(
  { services }: Pick<Latchkey, 'services'>,
  clientId: string,
): Promise<Record<string, number>> {
  const rows = await services.db.artifacts.all<{ model: string; count: number }>(
    'SELECT model, COUNT(*) AS count FROM artifacts WHERE client_id = ? AND consumed_at IS NULL GROUP BY model',
    [clientId],
  )
  return Object.fromEntries(rows.map(({ model, count }) => [model, count]))
}
