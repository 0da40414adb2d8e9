import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import { DEVICE_CODE_GRANT, POLL_INTERVAL } from '../../shared/device-code.ts'
import type { DeviceCodes } from './codes.ts'

type Names = string | readonly string[] | ReadonlySet<string>

/**
 * Says `slow_down` (RFC 8628 §3.5), which the library never does. Only a device that has to go on waiting can be too fast: what
 * was decided is told at once. The first poll always counts.
 */
export function withSlowDown(Library: typeof Provider, codes: Pick<DeviceCodes, 'mayPoll'>): typeof Provider {
  return class extends Library {
    /** The library's constructor calls it for each grant that it knows. */
    override registerGrantType<Params extends object>(
      name: string,
      handler: (ctx: TokenEndpointGrantContext<Params>) => void | Promise<void>,
      params?: Names,
      duplicates?: Names,
    ): void {
      const slowing: typeof handler = async (ctx) => {
        try {
          await handler(ctx)
        } catch (error) {
          if (!(error instanceof errors.AuthorizationPending)) throw error
          if (await codes.mayPoll(String(ctx.oidc.params.device_code))) throw error
          throw new errors.SlowDown()
        }
      }
      super.registerGrantType(name, name === DEVICE_CODE_GRANT ? slowing : handler, params, duplicates)
    }
  }
}

/** Says in the answer how often to poll; and access_denied is final, but answered as often as the device polls. */
export function guidePolling(provider: Provider): void {
  provider.on('device_authorization.success', (_ctx, body) => {
    Object.assign(body, { interval: POLL_INTERVAL })
  })
  const { prototype } = provider.DeviceCode
  const consume = prototype.consume
  prototype.consume = async function () {
    if (this.error === undefined) await consume.call(this)
  }
}
