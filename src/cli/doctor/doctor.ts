import type { Command } from 'commander'
import { ConfigError } from '../../config.ts'
import type { Finding } from '../../shared/finding.ts'
import { type Cli, createCommand, type Options } from '../context.ts'
import { errorLines } from '../errors.ts'
import { type Check, checksOf } from './checks.ts'
import { findingsText, worst } from './findings.ts'

/** `latchkey doctor`: everything that can be wrong with an installation, each with the way out. */
export const doctorCommand = (cli: Cli): Command =>
  createCommand(
    'doctor',
    'check configuration, database, keys, mail and the public URL; status 1 if one fails',
  ).action(async (options: Options) => {
    const findings = await examine(cli)
    const status = worst(findings)
    cli.answer(options, { status, checks: findings }, findingsText(findings))
    if (status === 'fail') cli.setStatus(1)
  })

async function examine(cli: Cli): Promise<Finding[]> {
  try {
    const services = await cli.services({ anyKey: 'look' })
    const opened: Finding = {
      name: 'configuration',
      status: 'ok',
      message: `issuer ${services.config.issuer}`,
    }
    return [opened, ...(await Promise.all(checksOf(services, cli.fetch).map(perform)))]
  } catch (error) {
    return [notOpened(error)]
  }
}

async function perform({ name, remedy, run }: Check): Promise<Finding> {
  try {
    return { name, ...(await run()) }
  } catch (error) {
    return { name, status: 'fail', message: errorLines(error, String).join('; '), remedy }
  }
}

/** Nothing else can be looked at then. */
function notOpened(error: unknown): Finding {
  const message = errorLines(error, String).join('; ')
  if (error instanceof ConfigError) {
    return { name: 'configuration', status: 'fail', message, remedy: 'correct these environment variables' }
  }
  return {
    name: 'start',
    status: 'fail',
    message,
    remedy: 'put this right, then run doctor again for the other checks',
  }
}
