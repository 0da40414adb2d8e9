import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { z } from 'zod'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'
import { t } from '../../shared/locales/texts.ts'
import type { ProviderPages } from '../authorization/pages.ts'
import { CodeDecided, type DeviceCodes } from './codes.ts'
import { decisionOf, sealDecision } from './decision.ts'

/** What a person reads at the end of the interaction. */
const doneSchema = z.object({ app: z.string(), outcome: z.enum(['approved', 'denied']) })
export type DeviceDone = z.infer<typeof doneSchema>

/** Seconds that the last page of the interaction can be loaded again. */
const SHOWN = 3600
const PURPOSE = 'device done'

/** The last page of the interaction reads what that has come to from its own address. */
export const openDone = (sealed: SealedCookies, value: unknown): DeviceDone | undefined =>
  typeof value === 'string' ? sealed.open(PURPOSE, value, doneSchema) : undefined

/** Where the errors lead that the library would show above its own form, by their names. */
const PROBLEMS: Readonly<Record<string, string>> = {
  NotFoundError: 'unknown',
  NoCodeError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
}

/** Pages of the device flow (RFC 8628) in the place of the library's. */
export interface DevicePages {
  /** The person has approved. */
  successSource(ctx: KoaContextWithOIDC): Promise<void>
  /** The code is asked for, or could not be taken. @param form the library's markup, not shown */
  userCodeInputSource(ctx: KoaContextWithOIDC, form: string, out?: ErrorOut, error?: Error): Promise<void>
}

/** What the library shows of the device flow by itself: each time we lead on to a page of ours, which can be reloaded. */
export function createDevicePages(deps: {
  path: string
  sealed: SealedCookies
  codes: Pick<DeviceCodes, 'find'>
  renderError: ProviderPages['renderError']
}): DevicePages {
  const lead = (ctx: KoaContextWithOIDC, to: string) => {
    ctx.status = 303
    ctx.redirect(to)
  }
  /** Where the person refused, the library has loaded the interaction alone, not its client. */
  const clientOf = async ({ oidc }: KoaContextWithOIDC) => {
    const id = oidc.entities.DeviceCode?.clientId ?? oidc.entities.Interaction?.params.client_id
    return oidc.client ?? (typeof id === 'string' ? await oidc.provider.Client.find(id) : undefined)
  }
  const done = async (ctx: KoaContextWithOIDC, outcome: DeviceDone['outcome']) => {
    const client = await clientOf(ctx)
    const app = client?.clientName ?? client?.clientId ?? t('device.unnamedApp')
    const of = deps.sealed.seal(PURPOSE, { app, outcome } satisfies DeviceDone, SHOWN)
    lead(ctx, `${deps.path}/done?of=${of}`)
  }
  /** A person who has decided on the code already, in another tab say, is shown that decision. */
  const used = async (ctx: KoaContextWithOIDC) => {
    const { deviceCode, entities, provider, session } = ctx.oidc
    const id = deviceCode?.jti ?? entities.Interaction?.deviceCode
    const by = session?.accountId
    const code = id === undefined ? undefined : await deps.codes.find(id)
    const decision = await decisionOf(provider, code, by)
    const of = decision && by ? `&of=${sealDecision(deps.sealed, decision, by)}` : ''
    lead(ctx, `${deps.path}?problem=used${of}`)
  }
  return {
    async successSource(ctx) {
      await done(ctx, 'approved')
    },
    async userCodeInputSource(ctx, _form, out, error) {
      if (error?.name === 'AbortedError') return done(ctx, 'denied')
      const problem =
        error instanceof CodeDecided
          ? 'used'
          : error instanceof errors.SessionNotFound
            ? 'over'
            : PROBLEMS[error?.name ?? 'NoCodeError']
      if (problem === 'used') return used(ctx)
      if (problem !== undefined || out === undefined || error === undefined)
        return lead(ctx, `${deps.path}?problem=${problem ?? 'unknown'}`)
      await deps.renderError(ctx, out, error)
    },
  }
}
