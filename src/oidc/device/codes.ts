import { createHmac, type KeyObject } from 'node:crypto'
import { type AdapterPayload, errors } from 'oidc-provider'
import { setActor } from '../../shared/audit-context.ts'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { DEVICE_CODE_TTL, POLL_INTERVAL } from '../../shared/device-code.ts'
import type { ArtifactPayload, ArtifactStore } from '../../storage/artifacts/store.ts'
import { currentContext } from '../provider/context.ts'
import type { StoredDecision } from './decision.ts'

/**
 * Device codes (RFC 8628), as they are stored. The library saves the whole of a code at each step; which of that is written is
 * decided here:
 *
 *   asked for ──(a person confirms: nothing is written)──► decided, once: approved | refused ──► redeemed, once
 *
 * A confirmation does not lock the code. A person who leaves the page leaves the code free, also for another account; of several
 * decisions the first one counts, on every engine and across processes. An error on the way decides nothing.
 */
export interface DeviceCodes {
  /** @param ttl seconds @throws CodeDecided when there is a decision already */
  save(id: string, payload: AdapterPayload, ttl: number): Promise<void>
  /** Also a code that has expired lately, so that its device is answered `expired_token`. */
  find(id: string): Promise<AdapterPayload | undefined>
  findByUserCode(userCode: string): Promise<AdapterPayload | undefined>
  /** False: the device asked a moment ago. An early poll moves nothing: the next one that is in time is answered. */
  mayPoll(id: string): Promise<boolean>
}

export type DeviceEvent = {
  type: 'device.approved' | 'device.denied'
  client_id: string
  accountId?: string | undefined
}

/** Another account, or another tab of the person, decided first. */
export class CodeDecided extends errors.InvalidRequest {
  constructor() {
    super('the device code was decided on already')
  }
}

const MODEL = 'DeviceCode'
/** Remembers that a device polled, for as long as that keeps it from polling again. */
const POLL = 'DevicePoll'
/** Seconds that a code is remembered after it has expired: its device asks for a while longer. */
const MEMORY = DEVICE_CODE_TTL
/** Seconds by which a poll may be early: clocks are read in whole seconds, and networks are not even. */
const TOLERANCE = 1

/** Seconds in which a poll may cross another one of the same device; a later one is a second use, and ends what the first got. */
const OVERLAP = 10

const isDecided = ({ accountId, error }: AdapterPayload | ArtifactPayload): boolean =>
  accountId !== undefined || error !== undefined

/**
 * @param key 32 bytes. User codes are short: by a keyed hash, they cannot be found in a stolen database by trying all.
 * @param events told of every decision after it is stored
 */
export function createDeviceCodes(
  artifacts: Pick<ArtifactStore, 'upsert' | 'find' | 'findByUserCode' | 'change' | 'insert'>,
  key: KeyObject,
  clock: Clock,
  events: (event: DeviceEvent) => void,
): DeviceCodes {
  const PREFIX = '~'
  const keyed = (userCode: string) =>
    userCode.startsWith(PREFIX)
      ? userCode
      : PREFIX + createHmac('sha256', key).update(`user code\0${userCode}`).digest('base64url')
  const atRest = ({ inFlight: _held, userCode, ...rest }: AdapterPayload): ArtifactPayload => ({
    ...rest,
    ...(userCode !== undefined && { userCode: keyed(userCode) }),
  })

  async function decide(id: string, payload: AdapterPayload, ttl: number): Promise<void> {
    const accountId = payload.accountId ?? currentContext()?.oidc.session?.accountId
    const decision = accountId && ({ by: accountId, at: epochSeconds(clock) } satisfies StoredDecision)
    let decided = false
    await artifacts.change(MODEL, id, ttl + MEMORY, (before) => {
      decided = before !== undefined && before.consumed === undefined && !isDecided(before)
      return decided ? atRest({ ...payload, ...(decision && { decided: decision }) }) : undefined
    })
    if (!decided) throw new CodeDecided()
    if (accountId !== undefined) setActor({ kind: 'account', id: accountId })
    const type = payload.error === undefined ? 'device.approved' : 'device.denied'
    events({ type, client_id: String(payload.clientId), accountId })
  }

  return {
    async save(id, payload, ttl) {
      if (isDecided(payload)) {
        // Any other error, which the library writes while a person confirms, is no decision of that person.
        if (payload.error === undefined || payload.error === 'access_denied') await decide(id, payload, ttl)
      } else if (payload.inFlight !== true) await artifacts.upsert(MODEL, id, atRest(payload), ttl + MEMORY)
    },
    async find(id) {
      const found = (await artifacts.find(MODEL, id)) as AdapterPayload | undefined
      if (found === undefined || Number(found.consumed) <= epochSeconds(clock) - OVERLAP) return found
      // The library would revoke the tokens that the other poll has just got; `consume` sees to it that this one gets none.
      const { consumed: _now, ...unused } = found
      return unused
    },
    async findByUserCode(userCode) {
      const found = await artifacts.findByUserCode(MODEL, keyed(userCode))
      return found && ({ ...found, userCode } as AdapterPayload)
    },
    mayPoll: (id) => artifacts.insert(POLL, id, {}, POLL_INTERVAL - TOLERANCE),
  }
}
