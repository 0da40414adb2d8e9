import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import type { SignedInDevice } from '../../../oidc/sessions/devices.ts'
import { administratorOf } from '../context.ts'
import type { UsersDependencies } from './routes.ts'

/** A signed-in device on the page of a person. */
export interface ShownDevice {
  device: string
  detail: string
  lastActive?: string | undefined
  /** What signs it out. */
  end: ButtonForm
}

export const shownDevices = (accountId: string, devices: readonly SignedInDevice[]): ShownDevice[] =>
  devices.map(({ uid, ...device }) => ({
    ...device,
    end: { action: `/admin/users/${accountId}/sessions/end`, fields: { session: uid } },
  }))

const form = z.object({ session: z.string().min(1).max(200) })

/** `/admin/users/:id/sessions/end`: signs a person out of one browser or device. */
export function userSessionRoutes(
  app: FastifyInstance,
  { users }: Pick<UsersDependencies, 'users'>,
  find: (id: string) => Promise<Account>,
): void {
  app.post<{ Params: { id: string } }>(
    '/admin/users/:id/sessions/end',
    { config: { admin: 'user.end_sessions', formPage: '/admin/users/:id' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { session } = form.parse(request.body ?? {})
      // It may have ended since the page was opened, or be of another person.
      if (!(await users.devices(user.id)).some(({ uid }) => uid === session))
        return reply.redirect(`/admin/users/${user.id}?done=no-session`, 303)
      await users.endSession(user.id, session, { own: session === administratorOf(request).sessionUid })
      return reply.redirect(`/admin/users/${user.id}?done=end-session`, 303)
    },
  )
}
