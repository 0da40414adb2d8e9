import type { FastifyInstance } from 'fastify'
import { renderPage } from '../../http/pages/views.ts'
import { t } from '../../shared/locales/texts.ts'
import { type FactorPagesDependencies, SECURITY } from './dependencies.ts'
import { newCodesPage } from './recovery-codes-page.ts'

export const RECOVERY_CODES = `${SECURITY}/recovery-codes`

/** How many recovery codes are left, and new ones, which are shown once. */
export async function recoveryCodeRoutes(app: FastifyInstance, deps: FactorPagesDependencies): Promise<void> {
  const { clock, factors, http, issuer, signedIn } = deps

  app.get(RECOVERY_CODES, async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const { account } = signed
    return renderPage(reply, 'factors/recovery-codes', {
      account: deps.frame(signed),
      left: await factors.recoveryCodes.left(account.id),
      renew: account.secondFactors.length > 0 ? { action: RECOVERY_CODES } : undefined,
    })
  })

  app.post(RECOVERY_CODES, http.limit('account'), async (request, reply) => {
    const signed = await signedIn.person(request, reply, SECURITY)
    if (!signed) return reply
    const { account } = signed
    const again = await signedIn.again(request, signed, t('act.codes'))
    if (again) return reply.redirect(again, 303)
    const codes = await factors.recoveryCodes.renew(signed.session)
    const of = { username: account.displayUsername, service: issuer.host, at: clock() }
    return renderPage(reply, 'factors/recovery-codes', {
      account: deps.frame(signed, { notice: t('recoveryCodes.new') }),
      ...newCodesPage(codes, of, SECURITY),
    })
  })
}
