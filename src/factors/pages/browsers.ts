import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'

const idForm = z.object({ id: z.string().max(64) })

/** Forgetting browsers that are not asked for a second factor. It takes nothing away that is not shown again at the next sign-in. */
export async function browserRoutes(app: FastifyInstance, deps: FactorPagesDependencies): Promise<void> {
  const { factors, http, signedIn } = deps
  const options = { ...http.limit('account'), config: { formPage: SECURITY } }

  app.post(`${SECURITY}/browsers/forget`, options, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    await factors.rememberedBrowsers.forget(signed.account.id, idForm.parse(request.body ?? {}).id)
    return reply.redirect(`${SECURITY}?done=browser`, 303)
  })

  app.post(`${SECURITY}/browsers/forget-all`, options, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    await factors.rememberedBrowsers.forgetAll(signed.account.id)
    return reply.redirect(`${SECURITY}?done=browsers`, 303)
  })
}
