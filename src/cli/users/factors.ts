import type { Command } from 'commander'
import { toSeconds } from '../../shared/clock.ts'
import { requirementOf } from '../../shared/second-factor-rule.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { table, time } from '../text.ts'
import { findAccount } from './find.ts'

const WHO = ['<id|email>', 'ID, username or email address'] as const

const REQUIRED = {
  setting: 'A second factor is required of everybody (setting second_factor).',
  role: 'A second factor is required of administrators and auditors (setting second_factor).',
  person: 'A second factor is required of this person.',
} as const

/** `latchkey users factors`, `reset-factors` and `stop-recovery`. */
export const factorCommands = (cli: Cli): Command[] => [factors(cli), resetFactors(cli), stopRecovery(cli)]

const factors = (cli: Cli): Command =>
  createCommand('factors', 'show the second factors of a person, and whether one is required')
    .argument(...WHO)
    .action(async (login: string, options: Options) => {
      const services = await cli.services()
      const account = await findAccount(services, login)
      const { factors: list, recoveryCodesLeft } = await services.factors.list(account.id)
      const required = requirementOf(services.settings.values.secondFactor, account)
      const waiting = await services.factors.recovery.waiting(account)
      const document = {
        items: list.map(({ id, kind, name, createdAt, lastUsedAt }) => ({
          ...{ id, kind, name: name ?? null },
          created_at: toSeconds(createdAt),
          last_used_at: toSeconds(lastUsedAt),
        })),
        recovery_codes_left: recoveryCodesLeft,
        required_by: required ?? null,
        recovery: waiting ? { started_by: waiting.startedBy, ready_at: toSeconds(waiting.readyAt) } : null,
      }
      const rows = list.map(({ id, kind, name, createdAt, lastUsedAt }) => [
        ...[kind, name ?? '–', time(createdAt), time(lastUsedAt), id],
      ])
      const lines = [
        list.length === 0
          ? `${account.displayUsername} has no second factor.`
          : `${table([['KIND', 'NAME', 'CREATED', 'LAST USED', 'ID'], ...rows])}\n${recoveryCodesLeft} recovery codes are left.`,
        required && REQUIRED[required],
        waiting && `They are being removed: ${readyText(waiting)}`,
      ]
      cli.answer(options, document, lines.filter((line) => line !== undefined).join('\n'))
    })

const resetFactors = (cli: Cli): Command =>
  createCommand(
    'reset-factors',
    'start the removal of the second factors of a person who has lost them: they are told, and get a link after recovery_delay_hours',
  )
    .argument(...WHO)
    .action(async (login: string, options: Options) => {
      const services = await cli.services()
      const { id, displayUsername } = await findAccount(services, login)
      const { started, recovery } = await services.factors.recovery.start(id, { kind: 'administrator' })
      const document = { id, username: displayUsername, started, ready_at: toSeconds(recovery.readyAt) }
      const text = started
        ? `The removal of the second factors of ${displayUsername} (${id}) is started, and they are told.`
        : `The removal of the second factors of ${displayUsername} (${id}) was started already.`
      cli.answer(options, document, `${text} It is ready at ${time(recovery.readyAt)}: then they get a link.`)
    })

const stopRecovery = (cli: Cli): Command =>
  createCommand('stop-recovery', 'stop the removal of the second factors of a person')
    .argument(...WHO)
    .action(async (login: string, options: Options) => {
      const services = await cli.services()
      const { id, displayUsername } = await findAccount(services, login)
      if (!(await services.factors.recovery.stop(id, 'administrator')))
        throw new CliError([`no removal of the second factors of ${displayUsername} waits`])
      const text = `The removal of the second factors of ${displayUsername} (${id}) is stopped.`
      cli.answer(options, { id, username: displayUsername, stopped: true }, text)
    })

const readyText = ({ ready, readyAt }: { ready: boolean; readyAt: number }): string =>
  ready ? 'the link was sent.' : `a link is sent at ${time(readyAt)}.`
