package golden.hostile

import java.util.HexFormat

/** Prints the texts of the contract, each in hexadecimal. */
internal fun main() {
    val states =
        listOf(
            HostileBase.A_THROW_1,
            HostileBase.B_X_X_X,
            HostileBase.C_X,
            HostileBase.D,
            HostileBase.E_U0022_X22_042,
            HostileBase.F_S_X_S_0_X,
            HostileBase.G,
            HostileBase.H,
            HostileBase.I,
            HostileBase.J,
        )
    val key = Texts.Key.newBuilder().setA("a").setB(-1).setC("c").setD("d").build()
    for (text in states.map { it.name() } + FlowBase.A_X.name() + HostileBase.KEY.format(key)) {
        println(HexFormat.of().formatHex(text.encodeToByteArray()))
    }
}
