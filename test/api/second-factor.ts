import type { Latchkey } from '../support/latchkey.ts'

/** Makes the session of a browser one that has shown a second factor. @param cookie its Cookie header */
export async function showSecondFactor(
  { services: { artifacts } }: Latchkey,
  cookie: string,
  amr: readonly string[] = ['pwd', 'otp', 'mfa'],
): Promise<void> {
  const id = /latchkey_session=([\w-]+)/.exec(cookie)?.[1] ?? ''
  const payload = await artifacts.find('Session', id)
  if (!payload) throw new Error('no such session')
  await artifacts.saveSession(
    id,
    { ...payload, amr: [...amr], verifiedAt: Math.floor(Date.now() / 1000) },
    3600,
    { id, payload },
  )
}
