import type { FastifyReply, FastifyRequest } from 'fastify'
import type { KnownDevices } from '../../http/cookies/known-devices.ts'
import type { Accounts } from '../accounts.ts'

/** Makes a browser a known device of the account that signed in there, so that wrong passwords of strangers do not lock it out. */
export const rememberDevice =
  ({ accounts, devices }: { accounts: Pick<Accounts, 'byId'>; devices: Pick<KnownDevices, 'remember'> }) =>
  async (
    request: FastifyRequest,
    reply: FastifyReply,
    { accountId, generation }: { accountId: string; generation: number },
  ): Promise<void> => {
    const account = await accounts.byId(accountId)
    if (account)
      devices.remember(request, reply, { accountId, generation, names: [account.username, account.email] })
  }
