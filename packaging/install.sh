#!/bin/sh
# Installs Colla Parte from the folder that this script lies in.
#
#   sh install.sh               for this user
#   sh install.sh --system      for all users (as root)
#   sh install.sh --uninstall   takes away what the same call without it put there (add --system where that was given)
#
# DESTDIR, if set, stands before every path.
set -eu

system=no
uninstall=no
for argument in "$@"; do
    case "$argument" in
        --system) system=yes ;;
        --uninstall) uninstall=yes ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
CDPATH='' cd -- "$(dirname -- "$0")"

if [ "$system" = yes ]; then
    # For all users, whatever root keeps to itself.
    umask 022
    vst3=/usr/lib/vst3 clap=/usr/lib/clap bin=/usr/local/bin share=/usr/local/share
    fish=$share/fish/vendor_completions.d
else
    vst3=$HOME/.vst3 clap=$HOME/.clap bin=$HOME/.local/bin share=${XDG_DATA_HOME:-$HOME/.local/share}
    fish=${XDG_CONFIG_HOME:-$HOME/.config}/fish/completions
fi
root=${DESTDIR:-}

# Removes what is there first: a running host may have the old file open, and must keep it as it was.
put() { # FROM TO
    rm -rf "$root$2"
    [ "$uninstall" = yes ] && return 0
    mkdir -p "$(dirname "$root$2")"
    cp -R "$1" "$root$2"
    echo "$root$2"
}

if [ "$uninstall" = no ] && command -v sha256sum > /dev/null; then
    sha256sum --quiet --check SHA256SUMS || { echo "this package is damaged: nothing was installed" >&2; exit 1; }
fi
put "Colla Parte.vst3" "$vst3/Colla Parte.vst3"
put "Colla Parte.clap" "$clap/Colla Parte.clap"
for program in bin/*; do put "$program" "$bin/${program#bin/}"; done
for page in man/*.1; do put "$page" "$share/man/man1/${page#man/}"; done
put completions/colla-parte.bash "$share/bash-completion/completions/colla-parte"
put completions/_colla-parte "$share/zsh/site-functions/_colla-parte"
put completions/colla-parte.fish "$fish/colla-parte.fish"
for notice in LICENSE THIRD-PARTY.txt; do put "$notice" "$share/doc/colla-parte/$notice"; done
[ "$uninstall" = no ] || rmdir "$root$share/doc/colla-parte" 2> /dev/null || true
