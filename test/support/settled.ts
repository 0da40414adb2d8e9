import type { Latchkey } from './latchkey.ts'

/** What is written behind answers is written: nothing of what was done before falls into what is counted next. */
export async function settled({ services }: Latchkey): Promise<void> {
  await services.mailer.idle()
  await services.audit.idle()
  await services.clients.idle()
  await services.resourceCredentials.idle()
  await services.usage.idle()
  await services.lastUses.flush()
}
