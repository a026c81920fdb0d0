package validated.v1

import dev.restate.sdk.common.TerminalException
import java.util.HexFormat

/** Says of each account, whose bytes are given in hexadecimal, why it is refused. */
public fun main(accounts: Array<String>) {
    for (each in accounts) {
        val account = SignupOuterClass.Account.parseFrom(HexFormat.of().parseHex(each))
        try {
            RestateValidation.check("validated.v1.Signup/Register", account)
            println("valid")
        } catch (e: TerminalException) {
            println("${e.code} ${e.message}")
        }
    }
}
