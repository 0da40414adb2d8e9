import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccountPagesDependencies, Sessions } from './dependencies.ts'

/**
 * Signs in by what a link or code has proven: records it, and starts the session. False: the account was disabled since, or its sign-ins
 * have ended, and no session has started.
 */
export async function startProven(
  { accounts, sessions }: Pick<AccountPagesDependencies, 'accounts' | 'sessions'>,
  request: FastifyRequest,
  reply: FastifyReply,
  signIn: Parameters<Sessions['start']>[2] & { generation: number },
): Promise<boolean> {
  const { accountId: id, generation } = signIn
  if (!(await accounts.verification.recordSignIn({ id, generation }))) return false
  await sessions.start(request, reply, { ...signIn, quiet: true })
  return true
}
