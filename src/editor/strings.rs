//! Every word of the editor, in one table: a row a phrase, a column a language.
//!
//! A phrase may have places `{0}`, `{1}`, … which [`Text::with`] fills, and words that follow a number: `{0|take|takes}` is
//! the first word where place 0 counts one, otherwise the second.

use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// A language of the editor. English is complete by definition: it is the table's first column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Japanese.
    Japanese,
}

impl Language {
    /// All there are, in the order of the table's columns.
    pub const ALL: [Language; 5] =
        [Language::English, Language::German, Language::French, Language::Spanish, Language::Japanese];

    /// Its own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::German => "Deutsch",
            Language::French => "Français",
            Language::Spanish => "Español",
            Language::Japanese => "日本語",
        }
    }

    /// Whether a noun beside this number stands in the singular.
    fn counts_one(self, number: &str) -> bool {
        number == "1" || (self == Language::French && number == "0")
    }
}

macro_rules! table {
    ($($key:ident: $en:literal, $de:literal, $fr:literal, $es:literal, $ja:literal;)*) => {
        /// A phrase of the editor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // Each variant is its English text below.
        pub enum Text { $($key),* }

        const TABLE: &[[&str; 5]] = &[$([$en, $de, $fr, $es, $ja]),*];
    };
}

impl Text {
    /// The phrase in `language`.
    pub fn of(self, language: Language) -> &'static str {
        TABLE[self as usize][language as usize]
    }

    /// The phrase in `language` with its places filled. A place that is not given stays as it stands in the table.
    pub fn with(self, language: Language, places: &[&dyn Display]) -> String {
        let mut filled = String::new();
        let mut rest = self.of(language);
        while let Some((before, place, after)) =
            rest.split_once('{').and_then(|(before, rest)| rest.split_once('}').map(|(p, a)| (before, p, a)))
        {
            filled.push_str(before);
            let (index, words) = place.split_once('|').map_or((place, None), |(n, words)| (n, Some(words)));
            let value = index.parse().ok().and_then(|index: usize| places.get(index)).map(|v| v.to_string());
            match (value, words.and_then(|words| words.split_once('|'))) {
                (Some(number), Some((one, many))) => {
                    filled.push_str(if language.counts_one(&number) { one } else { many });
                }
                (Some(value), None) => filled.push_str(&value),
                (None, _) => filled.push_str(&format!("{{{place}}}")),
            }
            rest = after;
        }
        filled + rest
    }
}

table! {
    // Top bar
    LoadScore: "Load a score", "Partitur laden", "Charger une partition", "Cargar una partitura", "楽譜を読み込む";
    LoadScoreHint: "MusicXML, MXL or MIDI. Choose a file, or type its path.",
        "MusicXML, MXL oder MIDI. Datei auswählen oder Pfad eingeben.",
        "MusicXML, MXL ou MIDI. Choisissez un fichier ou saisissez son chemin.",
        "MusicXML, MXL o MIDI. Elija un archivo o escriba su ruta.",
        "MusicXML・MXL・MIDI。ファイルを選んでください。パスの入力もできます。";
    ScorePath: "Path of the score file", "Pfad der Partiturdatei", "Chemin du fichier de partition",
        "Ruta del archivo de partitura", "楽譜ファイルのパス";
    Open: "Open", "Öffnen", "Ouvrir", "Abrir", "開く";
    Browse: "Browse…", "Durchsuchen…", "Parcourir…", "Examinar…", "参照…";
    Unload: "Put away", "Weglegen", "Retirer", "Retirar", "閉じる";
    UnloadHint: "Stop using this score; transcription goes on", "Diese Partitur nicht mehr verwenden; die Transkription läuft weiter",
        "Ne plus utiliser cette partition ; la transcription continue", "Dejar de usar esta partitura; la transcripción continúa",
        "この楽譜の使用をやめます(採譜は続きます)";
    DropHere: "Drop to load this score", "Loslassen, um die Partitur zu laden", "Relâchez pour charger la partition",
        "Suelte para cargar la partitura", "ドロップして楽譜を読み込む";
    Loading: "Reading {0}…", "{0} wird gelesen…", "Lecture de {0}…", "Leyendo {0}…", "{0} を読み込み中…";
    NoScore: "No score", "Keine Partitur", "Pas de partition", "Sin partitura", "楽譜なし";
    Waiting: "WAITING", "WARTET", "EN ATTENTE", "EN ESPERA", "待機中";
    Following: "FOLLOWING", "FOLGT", "SUIT", "SIGUIENDO", "追従中";
    Unsure: "UNSURE", "UNSICHER", "INCERTAIN", "DUDOSO", "不確か";
    Lost: "LOST", "VERLOREN", "PERDU", "PERDIDO", "見失い";
    Held: "HELD", "GEHALTEN", "RETENU", "RETENIDO", "保持中";
    Transcribing: "TRANSCRIBING", "TRANSKRIBIERT", "TRANSCRIT", "TRANSCRIBIENDO", "採譜中";
    WaitingHint: "Nothing of the score has been heard yet, or playing has paused",
        "Noch nichts aus der Partitur gehört, oder das Spiel pausiert",
        "Rien de la partition n’a encore été entendu, ou le jeu est en pause",
        "Aún no se ha oído nada de la partitura, o se ha hecho una pausa",
        "楽譜の音がまだ聞こえていないか、演奏が止まっています";
    FollowingHint: "The position is sure", "Die Position ist sicher", "La position est sûre", "La posición es segura",
        "位置は確かです";
    UnsureHint: "Several places in the score compete; the best guess is shown",
        "Mehrere Stellen kommen in Frage; gezeigt wird die wahrscheinlichste",
        "Plusieurs endroits sont possibles ; le plus probable est affiché",
        "Varios lugares son posibles; se muestra el más probable",
        "複数の箇所が候補です。最も有力なものを表示しています";
    LostHint: "What is heard fits no place; the last sure measure is shown. Click a measure to say where you are.",
        "Das Gehörte passt nirgends; gezeigt wird der letzte sichere Takt. Klicken Sie auf einen Takt, um die Stelle zu nennen.",
        "Ce qui est entendu ne correspond à aucun endroit ; la dernière mesure sûre est affichée. Cliquez sur une mesure pour indiquer où vous êtes.",
        "Lo que se oye no encaja en ningún lugar; se muestra el último compás seguro. Haga clic en un compás para indicar dónde está.",
        "聞こえた音に合う箇所がありません。最後に確かだった小節を表示しています。小節をクリックして現在位置を指定できます。";
    Measure: "measure", "Takt", "mesure", "compás", "小節";
    MeasureN: "measure {0}", "Takt {0}", "mesure {0}", "compás {0}", "{0} 小節";
    Pass: "pass {0}", "{0}. Mal", "passage {0}", "vez {0}", "{0} 回目";
    PositionHint: "Printed measure and beat being played; the pass says which time a repeat goes by",
        "Gespielter Takt und Schlag; bei Wiederholungen, der wievielte Durchgang",
        "Mesure et temps joués ; le passage compte les reprises",
        "Compás y tiempo que suenan; la vez cuenta las repeticiones",
        "演奏中の小節と拍。繰り返しの場合は何回目かを示します";
    Confidence: "Confidence", "Sicherheit", "Confiance", "Confianza", "確信度";
    ConfidenceHint: "How likely the position is right to within one beat: {0} %",
        "Wie wahrscheinlich die Position auf einen Schlag genau stimmt: {0} %",
        "Probabilité que la position soit juste à un temps près : {0} %",
        "Probabilidad de que la posición sea correcta con un tiempo de margen: {0} %",
        "位置が 1 拍以内で正しい確率: {0} %";
    Tempo: "Tempo", "Tempo", "Tempo", "Tempo", "テンポ";
    TempoHint: "Tempo of the playing, quarter notes a minute", "Tempo des Spiels in Vierteln pro Minute",
        "Tempo du jeu, en noires par minute", "Tempo de la interpretación, negras por minuto",
        "演奏のテンポ(1 分あたりの四分音符)";
    Input: "IN", "IN", "IN", "IN", "IN";
    InputHint: "Input level: mean and peak. Click to forget a clip.", "Eingangspegel: Mittel und Spitze. Klick setzt die Übersteuerung zurück.",
        "Niveau d’entrée : moyenne et crête. Cliquez pour effacer la saturation.",
        "Nivel de entrada: media y pico. Haga clic para borrar la saturación.",
        "入力レベル(平均とピーク)。クリックでクリップ表示を消します。";
    Clipped: "the input clipped", "der Eingang war übersteuert", "l’entrée a saturé", "la entrada saturó", "入力がクリップしました";
    Settings: "Settings", "Einstellungen", "Réglages", "Ajustes", "設定";
    // Score, roll, tempo
    Score: "Score", "Partitur", "Partition", "Partitura", "楽譜";
    ScoreHint: "Click: start here. Drag: follow only this range. Double-click: cue. Wheel: scroll. Ctrl+wheel: zoom.",
        "Klick: hier beginnen. Ziehen: nur diesem Bereich folgen. Doppelklick: Marke. Mausrad: blättern. Strg+Mausrad: zoomen.",
        "Clic : commencer ici. Glisser : ne suivre que ce passage. Double-clic : repère. Molette : défiler. Ctrl+molette : zoom.",
        "Clic: empezar aquí. Arrastrar: seguir solo este pasaje. Doble clic: marca. Rueda: desplazar. Ctrl+rueda: zoom.",
        "クリック: ここから開始。ドラッグ: この範囲だけ追従。ダブルクリック: キュー。ホイール: スクロール。Ctrl+ホイール: ズーム。";
    ScoreKeys: "Arrow keys move, Enter starts there, C sets a cue, Esc lifts the range",
        "Pfeiltasten bewegen, Eingabe beginnt dort, C setzt eine Marke, Esc hebt den Bereich auf",
        "Flèches : se déplacer ; Entrée : commencer là ; C : repère ; Échap : lever le passage",
        "Flechas: mover; Intro: empezar ahí; C: marca; Esc: quitar el pasaje",
        "矢印キーで移動、Enter で開始、C でキュー、Esc で範囲解除";
    BackToPosition: "Back to the position", "Zurück zur Position", "Revenir à la position", "Volver a la posición", "現在位置に戻る";
    Candidates: "Perhaps", "Vielleicht", "Peut-être", "Quizá", "候補";
    CandidateHint: "Playing goes on here; {0} % likely", "Hier wird weitergespielt; zu {0} % wahrscheinlich", "Le jeu continue ici ; probable à {0} %",
        "Se continúa aquí; probable al {0} %", "演奏はここから続きます(確率 {0} %)";
    EmptyTitle: "Follow along", "Mitlesen", "Suivre la partition", "Seguir la partitura", "楽譜を追いかける";
    EmptyBody: "Load a score and the editor shows the measure being played.\nWithout a score it transcribes what it hears.",
        "Laden Sie eine Partitur: Der Editor zeigt den gespielten Takt.\nOhne Partitur transkribiert er, was er hört.",
        "Chargez une partition : l’éditeur montre la mesure jouée.\nSans partition, il transcrit ce qu’il entend.",
        "Cargue una partitura: el editor muestra el compás que suena.\nSin partitura, transcribe lo que oye.",
        "楽譜を読み込むと、演奏中の小節を表示します。\n楽譜がなければ、聞こえた音を採譜します。";
    Roll: "Heard", "Gehört", "Entendu", "Oído", "聞こえた音";
    RollHint: "What is heard over what is written. Wheel: zoom. Drag: look back. Double-click: back to now.",
        "Gehörtes über Geschriebenem. Mausrad: zoomen. Ziehen: zurückblicken. Doppelklick: zurück zum Jetzt.",
        "Ce qui est entendu sur ce qui est écrit. Molette : zoom. Glisser : revenir en arrière. Double-clic : maintenant.",
        "Lo oído sobre lo escrito. Rueda: zoom. Arrastrar: mirar atrás. Doble clic: volver al presente.",
        "書かれた音の上に聞こえた音を表示。ホイール: ズーム。ドラッグ: 過去を見る。ダブルクリック: 現在に戻る。";
    NothingHeard: "Nothing heard yet. Put the plugin on the track that hears the players, and let them play.",
        "Noch nichts gehört. Das Plugin gehört auf die Spur, die die Spieler hört; dann spielen lassen.",
        "Rien entendu encore. Placez le plugin sur la piste qui entend les musiciens, et faites-les jouer.",
        "Aún no se oye nada. Ponga el plugin en la pista que oye a los músicos y deje que toquen.",
        "まだ音が聞こえていません。演奏を録音するトラックに挿入してください。";
    Now: "now", "jetzt", "maintenant", "ahora", "現在";
    TempoView: "Tempo", "Tempo", "Tempo", "Tempo", "テンポ";
    TempoViewHint: "Tempo along the score: this take bold, earlier takes grey, the printed tempo dashed",
        "Tempo entlang der Partitur: dieser Take fett, frühere grau, das gedruckte Tempo gestrichelt",
        "Tempo le long de la partition : cette prise en gras, les autres en gris, le tempo imprimé en pointillé",
        "Tempo a lo largo de la partitura: esta toma en negrita, las anteriores en gris, el tempo impreso en trazos",
        "楽譜に沿ったテンポ: このテイクは太線、以前のテイクは灰色、記譜のテンポは破線";
    LegendOf: "Take {0}:", "Take {0}:", "Prise {0} :", "Toma {0}:", "テイク {0}:";
    LegendOk: "as written", "wie notiert", "comme écrit", "como está escrito", "譜面どおり";
    LegendTiming: "early or late", "zu früh oder spät", "en avance ou en retard", "antes o después", "早い・遅い";
    LegendWrong: "wrong", "falsch", "faux", "incorrecta", "違う音";
    LegendMissed: "missed", "ausgelassen", "manquée", "omitida", "抜け";
    LegendDoubt: "perhaps a fault", "vielleicht ein Fehler", "peut-être une faute", "quizá un fallo", "不確か";
    // Side column
    Cues: "Cues", "Marken", "Repères", "Marcas", "キュー";
    NoCues: "Double-click a measure: it sends MIDI or OSC when the playing comes past it.",
        "Doppelklick auf einen Takt: Er sendet MIDI oder OSC, wenn das Spiel vorbeikommt.",
        "Double-cliquez sur une mesure : elle envoie MIDI ou OSC quand le jeu y passe.",
        "Doble clic en un compás: envía MIDI u OSC cuando la interpretación pasa por él.",
        "小節をダブルクリックして設定。演奏が通るときに MIDI か OSC を送ります。";
    RemoveCue: "Remove the cue {0}", "Marke {0} entfernen", "Supprimer le repère {0}", "Quitar la marca {0}", "キュー {0} を削除";
    Takes: "Takes", "Takes", "Prises", "Tomas", "テイク";
    NoTakes: "Record in the host and play: each recording becomes a take in this list.",
        "Im Host aufnehmen und spielen: Jede Aufnahme wird ein Take in dieser Liste.",
        "Enregistrez dans l’hôte et jouez : chaque enregistrement devient une prise de cette liste.",
        "Grabe en el anfitrión y toque: cada grabación será una toma de esta lista.",
        "ホストで録音すると、録音ごとにテイクがここに表示されます。";
    NotLogged: "Takes are not logged now: switch on “Log takes” below.", "Takes werden nicht notiert: unten „Takes notieren“ einschalten.",
        "Les prises ne sont pas notées : activez « Noter les prises » en bas.", "No se anotan tomas: active «Anotar tomas» abajo.",
        "テイクを記録していません。下の「テイクを記録」をオンにしてください。";
    NotJudged: "Take {0}: measures {1}, {2}. Its faults are not known yet.", "Take {0}: Takte {1}, {2}. Seine Fehler sind noch nicht bekannt.",
        "Prise {0} : mesures {1}, {2}. Ses fautes ne sont pas encore connues.", "Toma {0}: compases {1}, {2}. Sus fallos aún no se conocen.",
        "テイク {0}: 小節 {1}、{2}。ミスはまだ判定していません。";
    TakeN: "Take {0}", "Take {0}", "Prise {0}", "Toma {0}", "テイク {0}";
    TakeHint: "Take {0}: measures {1}, {2} {2|fault|faults}, {3}. Double-click to rename.",
        "Take {0}: Takte {1}, {2} Fehler, {3}. Doppelklick zum Umbenennen.",
        "Prise {0} : mesures {1}, {2} {2|faute|fautes}, {3}. Double-clic pour renommer.",
        "Toma {0}: compases {1}, {2} {2|fallo|fallos}, {3}. Doble clic para renombrar.",
        "テイク {0}: 小節 {1}、ミス {2}、{3}。ダブルクリックで名前を変更。";
    Recording: "rec", "Aufn.", "enr.", "grab.", "録音";
    TakeName: "Name of take {0}", "Name von Take {0}", "Nom de la prise {0}", "Nombre de la toma {0}", "テイク {0} の名前";
    TakeComment: "Comment on take {0}", "Kommentar zu Take {0}", "Commentaire sur la prise {0}", "Comentario de la toma {0}", "テイク {0} のコメント";
    StarHint: "Rate take {0}: {1} of 3 stars", "Take {0} bewerten: {1} von 3 Sternen", "Noter la prise {0} : {1} {1|étoile|étoiles} sur 3",
        "Valorar la toma {0}: {1} de 3 estrellas", "テイク {0} の評価: 3 つ星中 {1}";
    Reject: "Reject", "Verwerfen", "Écarter", "Descartar", "不採用";
    RejectHint: "Keep it in the book, and out of the proposed edit and of what counts as covered",
        "Im Buch behalten, aber nicht im Schnittvorschlag und nicht als abgedeckt zählen",
        "La garder au cahier, mais hors du montage proposé et de la couverture",
        "Mantenerla en el cuaderno, pero fuera del montaje propuesto y de la cobertura",
        "記録に残しますが、網羅には入れません";
    Elsewhere: "{0} {0|take|takes} of another score {0|is|are} kept", "{0} {0|Take|Takes} einer anderen Partitur {0|bleibt|bleiben} im Buch",
        "{0} {0|prise|prises} d’une autre partition {0|est gardée|sont gardées}", "Se {0|guarda|guardan} {0} {0|toma|tomas} de otra partitura", "以前の楽譜のテイク {0} も記録に残ります";
    ChangedStars: "stars of take {0}", "Sterne von Take {0}", "étoiles de la prise {0}", "estrellas de la toma {0}", "テイク {0} の評価";
    ChangedReject: "rejection of take {0}", "Verwerfen von Take {0}", "mise à l’écart de la prise {0}", "descarte de la toma {0}",
        "テイク {0} の不採用";
    ChangedName: "name of take {0}", "Name von Take {0}", "nom de la prise {0}", "nombre de la toma {0}", "テイク {0} の名前";
    ChangedComment: "comment on take {0}", "Kommentar zu Take {0}", "commentaire de la prise {0}", "comentario de la toma {0}",
        "テイク {0} のコメント";
    ChangedDelete: "deletion of take {0}", "Löschen von Take {0}", "suppression de la prise {0}", "eliminación de la toma {0}",
        "テイク {0} の削除";
    ChangedCues: "cues", "Marken", "repères", "marcas", "キュー";
    ChangedChoices: "the edit", "der Schnitt", "le montage", "el montaje", "カット";
    ChangedBook: "the book of another session", "das Buch einer anderen Sitzung", "le cahier d’une autre séance", "el cuaderno de otra sesión",
        "記録全体";
    Note: "Note", "Note", "Note", "Nota", "音符";
    CueHint: "What the cue sends when the playing comes past it", "Was die Marke sendet, wenn das Spiel an ihr vorbeikommt",
        "Ce que le repère envoie quand le jeu y passe", "Lo que la marca envía cuando la interpretación pasa por ella",
        "演奏がキューを通るときに送ります";
    CueNumber: "Controller", "Controller", "Contrôleur", "Controlador", "コントローラー";
    CueValue: "Value", "Wert", "Valeur", "Valor", "値";
    CuePitch: "Pitch", "Tonhöhe", "Hauteur", "Altura", "音程";
    Delete: "Delete", "Löschen", "Supprimer", "Eliminar", "削除";
    DeleteHint: "Take it out of the book; the recording itself stays. Undo brings it back.",
        "Aus dem Buch nehmen; die Aufnahme bleibt. Rückgängig holt den Take zurück.",
        "La retirer du cahier ; l’enregistrement reste. Annuler la rétablit.",
        "Quitarla del cuaderno; la grabación permanece. Deshacer la recupera.",
        "記録から外します。録音は残り、元に戻せます。";
    TodoTitle: "Still to do", "Noch zu tun", "Reste à faire", "Queda por hacer", "残りの小節";
    TodoHint: "The measures that no take covers cleanly, worst first. Click one to see it in the score and in the takes.",
        "Takte, die kein Take sauber abdeckt, die schlechtesten zuerst. Klick zeigt sie in Partitur und Takes.",
        "Mesures qu’aucune prise ne couvre proprement, les pires d’abord. Cliquez pour la voir dans la partition et les prises.",
        "Compases que ninguna toma cubre limpiamente, los peores primero. Clic para verlo en la partitura y en las tomas.",
        "ミスなしのテイクがない小節を、悪い順に並べています。クリックで楽譜とテイクに表示します。";
    TodoBest: "best is take {0}, faults: {1}", "am besten Take {0}, Fehler: {1}", "meilleure : prise {0}, fautes : {1}", "la mejor es la toma {0}, fallos: {1}",
        "ベスト: テイク {0}、ミス {1}";
    TodoWaits: "Once something is recorded, the measures that want another take are listed here, worst first.",
        "Sobald etwas aufgenommen ist, stehen hier die Takte, die noch einen Take brauchen, die schlechtesten zuerst.",
        "Dès qu’une prise est faite, les mesures à reprendre sont ici, les pires d’abord.",
        "Cuando haya una toma, aquí estarán los compases por repetir, los peores primero.",
        "録音すると、録り直しが必要な小節を悪い順にここに表示します。";
    TodoJudging: "The faults of take {0} are not known yet.", "Die Fehler von Take {0} sind noch nicht bekannt.",
        "Les fautes de la prise {0} ne sont pas encore connues.", "Los fallos de la toma {0} aún no se conocen.", "テイク {0} のミスはまだ判定していません。";
    TodoDone: "Every measure is covered cleanly. “Save…” writes the proposed edit.", "Jeder Takt ist sauber abgedeckt. „Sichern…“ schreibt den Schnittvorschlag.",
        "Chaque mesure est couverte proprement. « Enregistrer… » écrit le montage proposé.", "Cada compás está cubierto limpiamente. «Guardar…» escribe el montaje propuesto.",
        "全小節にミスなしのテイクがあります。「保存…」でカットを保存します。";
    TodoBack: "Back to what is still to do", "Zurück zu dem, was noch zu tun ist", "Revenir à ce qui reste à faire", "Volver a lo que queda por hacer", "残りの小節に戻る";
    CoveredBy: "{0} {0|take|takes}, {1} clean", "{0} {0|Take|Takes}, {1} sauber", "{0} {0|prise|prises}, {1} {1|propre|propres}",
        "{0} {0|toma|tomas}, {1} {1|limpia|limpias}", "{0} テイク、うち {1} はミスなし";
    NeverPlayed: "not played yet", "noch nicht gespielt", "pas encore jouée", "aún sin tocar", "未演奏";
    NeverClean: "never clean yet", "noch nie sauber", "jamais propre", "nunca limpio", "まだミスなしのテイクなし";
    Best: "best: take {0}", "beste: Take {0}", "meilleure : prise {0}", "mejor: toma {0}", "ベスト: テイク {0}";
    StartHere: "Follow from here", "Ab hier folgen", "Suivre d’ici", "Seguir desde aquí", "ここから追従";
    StartHereHint: "Tell the follower that playing goes on at this measure. The host’s transport stays where it is.",
        "Sagt dem Folger, dass hier weitergespielt wird. Die Position des Hosts bleibt, wo sie ist.",
        "Indique que le jeu reprend à cette mesure. La position de l’hôte ne change pas.",
        "Indica que se continúa en este compás. La posición del anfitrión no cambia.",
        "演奏がこの小節から続くことを知らせます。再生位置は変わりません。";
    AtHost: "Where it is on the host’s timeline", "Wo es auf der Zeitachse des Hosts liegt", "Sa place sur la ligne de temps de l’hôte",
        "Su lugar en la línea de tiempo del anfitrión", "ホストのタイムライン上の位置";
    AtTake: "Time since the take began", "Zeit seit Beginn des Takes", "Temps depuis le début de la prise", "Tiempo desde el inicio de la toma", "テイク開始からの時間";
    FaultWrong: "wrong note {0}", "falscher Ton {0}", "fausse note {0}", "nota incorrecta {0}", "違う音 {0}";
    FaultMissed: "missed {0}", "ausgelassen {0}", "manquée {0}", "omitida {0}", "抜け {0}";
    FaultExtra: "extra {0}", "zusätzlich {0}", "en trop {0}", "de más {0}", "余分 {0}";
    FaultStutter: "stutter", "Stottern", "hésitation répétée", "tropiezo", "弾き直し";
    FaultHesitation: "hesitation", "Zögern", "hésitation", "vacilación", "ためらい";
    FaultTiming: "early or late {0}", "zu früh oder spät {0}", "décalée {0}", "a destiempo {0}", "タイミング {0}";
    FaultIntonation: "out of tune {0}", "unsauber {0}", "fausse justesse {0}", "desafinada {0}", "音程 {0}";
    FaultDoubt: "{0}? {1} %", "{0}? {1} %", "{0} ? {1} %", "¿{0}? {1} %", "{0}? {1} %";
    FaultDoubtHint: "{0} % likely to be a fault: too little to count", "Zu {0} % ein Fehler: zu wenig, um zu zählen",
        "Une faute à {0} % : trop peu pour compter", "Un fallo al {0} %: demasiado poco para contar", "ミスの確率 {0} %: ミスに入れません";
    Doubts: "{0} {0|doubt|doubts}: perhaps faults, more likely none", "{0} {0|Zweifelsfall|Zweifelsfälle}: vielleicht Fehler, eher keine",
        "{0} {0|doute|doutes} : peut-être des fautes, plutôt pas", "{0} {0|duda|dudas}: quizá fallos, más bien no", "不確か {0}: ミスに入れません";
    // Take map
    TakeMap: "Take map", "Take-Karte", "Carte des prises", "Mapa de tomas", "テイク表";
    TakeMapHint: "A column is a measure, a row a take. Click to inspect; arrow keys move.\nGreen: clean. Orange: early, late or unsteady. Red: wrong, missed or extra notes.\nBlue: played, faults not known yet. Hatched: no take is clean. Question mark: perhaps a fault, not counted.",
        "Spalte = Takt, Zeile = Take. Klick zeigt Einzelheiten; Pfeiltasten bewegen.\nGrün: sauber. Orange: zu früh, zu spät oder unstet. Rot: falsche, fehlende oder zusätzliche Töne.\nBlau: gespielt, Fehler noch nicht bekannt. Schraffiert: kein Take ist sauber. Fragezeichen: vielleicht ein Fehler, zählt nicht.",
        "Une colonne est une mesure, une ligne une prise. Cliquez pour examiner ; les flèches déplacent.\nVert : propre. Orange : en avance, en retard ou instable. Rouge : notes fausses, manquées ou en trop.\nBleu : jouée, fautes pas encore connues. Hachures : aucune prise propre. Point d’interrogation : peut-être une faute, ne compte pas.",
        "Una columna es un compás, una fila una toma. Clic para examinar; las flechas mueven.\nVerde: limpio. Naranja: antes, después o inestable. Rojo: notas incorrectas, omitidas o de más.\nAzul: tocado, fallos aún sin conocer. Rayado: ninguna toma limpia. Interrogación: quizá un fallo, no cuenta.",
        "列は小節、行はテイク。クリックで詳細、矢印キーで移動。\n緑: ミスなし。橙: 早い・遅い・不安定。赤: 違う音・抜け・余分。\n青: 演奏済み、未判定。斜線: ミスなしのテイクなし。?: 不確か、ミスに入れません。";
    Covered: "covered", "abgedeckt", "couvert", "cubierto", "網羅";
    CoverageSum: "{0} of {1} {1|measure|measures} covered cleanly", "{0} von {1} {1|Takt|Takten} sauber abgedeckt",
        "{0} {0|mesure|mesures} sur {1} {0|couverte|couvertes} proprement", "{0} de {1} {1|compás|compases} {0|cubierto|cubiertos} limpiamente", "{1} 小節中 {0} 小節がミスなし";
    CellClean: "take {0}, measure {1}: clean", "Take {0}, Takt {1}: sauber", "prise {0}, mesure {1} : propre", "toma {0}, compás {1}: limpio",
        "テイク {0}、{1} 小節: ミスなし";
    CellFaults: "take {0}, measure {1}: {2} {2|fault|faults}", "Take {0}, Takt {1}: {2} Fehler", "prise {0}, mesure {1} : {2} {2|faute|fautes}",
        "toma {0}, compás {1}: {2} {2|fallo|fallos}", "テイク {0}、{1} 小節: ミス {2}";
    CellNone: "take {0}, measure {1}: not played", "Take {0}, Takt {1}: nicht gespielt", "prise {0}, mesure {1} : non jouée",
        "toma {0}, compás {1}: sin tocar", "テイク {0}、{1} 小節: 未演奏";
    CellPlayed: "take {0}, measure {1}: played, faults not known yet", "Take {0}, Takt {1}: gespielt, Fehler noch nicht bekannt",
        "prise {0}, mesure {1} : jouée, fautes pas encore connues", "toma {0}, compás {1}: tocado, fallos aún sin conocer",
        "テイク {0}、{1} 小節: ミスはまだ判定していません";
    CellPartial: "take {0}, measure {1}: played in part", "Take {0}, Takt {1}: teilweise gespielt", "prise {0}, mesure {1} : jouée en partie",
        "toma {0}, compás {1}: tocado en parte", "テイク {0}、{1} 小節: 一部を演奏";
    // Edit plan
    Plan: "Edit", "Schnitt", "Montage", "Montaje", "カット";
    PlanSum: "Joins {0} · measures with faults {1} · missing {2}", "Schnitte {0} · Takte mit Fehlern {1} · fehlend {2}",
        "Raccords {0} · mesures fautives {1} · manquantes {2}", "Empalmes {0} · compases con fallos {1} · faltan {2}",
        "カット {0}、ミス {1} 小節、未演奏 {2} 小節";
    PlanReset: "As proposed", "Wie vorgeschlagen", "Comme proposé", "Como se propuso", "初期に戻す";
    PlanResetHint: "Forget every join and take that was chosen here. Undo brings them back.",
        "Alle hier gewählten Schnitte und Takes vergessen. Rückgängig bringt sie zurück.",
        "Oublier tous les raccords et prises choisis ici. Annuler les rétablit.",
        "Olvidar todos los empalmes y tomas elegidos aquí. Deshacer los recupera.",
        "選んだカットとテイクをすべて忘れます。元に戻せます。";
    PlanPiece: "Measures {0} from take {1}", "Takte {0} aus Take {1}", "Mesures {0} de la prise {1}", "Compases {0} de la toma {1}",
        "小節 {0}: テイク {1}";
    PlanPieceHint: "Click to use another take here", "Klick: hier einen anderen Take verwenden", "Cliquez pour utiliser une autre prise ici",
        "Clic para usar otra toma aquí", "クリックで他のテイクを選んでください";
    PlanFaulty: "with faults: {0}", "mit Fehlern: {0}", "avec fautes : {0}", "con fallos: {0}", "ミス: {0}";
    PlanFrom: "Measures {0} come from", "Takte {0} kommen aus", "Les mesures {0} viennent de", "Los compases {0} vienen de", "小節 {0} のテイク";
    PlanClean: "Take {0}: clean", "Take {0}: sauber", "Prise {0} : propre", "Toma {0}: limpia", "テイク {0}: ミスなし";
    PlanFaults: "Take {0}: {1} {1|fault|faults}", "Take {0}: {1} Fehler", "Prise {0} : {1} {1|faute|fautes}", "Toma {0}: {1} {1|fallo|fallos}", "テイク {0}: ミス {1}";
    PlanFree: "Whichever is best", "Der beste", "La meilleure", "La mejor", "ベスト";
    PlanFreeHint: "Let the proposal choose here again", "Hier wieder den Vorschlag entscheiden lassen", "Laisser de nouveau la proposition choisir ici",
        "Dejar que la propuesta elija aquí de nuevo", "ベストのテイクを使います";
    PlanJoin: "Join of takes {0} and {1} at measure {2}", "Schnitt von Take {0} auf {1} in Takt {2}", "Raccord de la prise {0} à la {1}, mesure {2}",
        "Empalme de la toma {0} a la {1}, compás {2}", "カット: テイク {0} から {1}、{2} 小節";
    PlanJoinHint: "Drag or arrow keys move it by a measure, with Shift by a note; a click pins it or lets it go.",
        "Ziehen oder Pfeiltasten verschieben ihn um einen Takt, mit Umschalt um eine Note; Klick heftet ihn fest oder löst ihn.",
        "Glissez ou utilisez les flèches pour le déplacer d’une mesure, avec Maj d’une note ; un clic l’épingle ou le libère.",
        "Arrastrar o las flechas lo mueven un compás, con Mayús una nota; un clic lo fija o lo suelta.",
        "矢印キーで小節、Shift で音符だけ移動します。クリックで固定します。";
    JoinChosen: "chosen", "gewählt", "choisi", "elegido", "選択";
    JoinLine: "at the measure line", "am Taktstrich", "à la barre de mesure", "en la barra de compás", "小節線";
    JoinRest: "after a rest", "nach einer Pause", "après un silence", "tras un silencio", "休符の後";
    JoinLongNote: "after a long note", "nach einer langen Note", "après une note longue", "tras una nota larga", "長い音の後";
    JoinOnset: "before an onset", "vor einem Toneinsatz", "avant une attaque", "antes de un ataque", "音の前";
    JoinTempoMatches: "tempo matches ({0} % off)", "Tempo passt ({0} % Unterschied)", "tempo semblable (écart {0} %)",
        "tempo parecido ({0} % de diferencia)", "テンポ: {0} %";
    JoinTempoDiffers: "tempo differs by {0} %", "Tempo weicht um {0} % ab", "tempo différent de {0} %", "tempo distinto en {0} %",
        "テンポ: {0} %";
    // Status row
    Arm: "Log takes", "Takes notieren", "Noter les prises", "Anotar tomas", "テイクを記録";
    ArmHint: "On: each recording of the host becomes a take, with its measures and faults. Off: nothing is logged.",
        "An: jede Aufnahme des Hosts wird ein Take, mit Takten und Fehlern. Aus: nichts wird notiert.",
        "Activé : chaque enregistrement de l’hôte devient une prise, avec mesures et fautes. Désactivé : rien n’est noté.",
        "Activado: cada grabación del anfitrión es una toma, con compases y fallos. Desactivado: no se anota nada.",
        "オン: ホストの録音ごとに、小節とミスを含むテイクを残します。オフ: 記録しません。";
    Hold: "Hold", "Halten", "Retenir", "Retener", "保持";
    HoldHint: "Keep the position where it is until let go", "Position festhalten, bis sie gelöst wird", "Garder la position jusqu’à la relâcher",
        "Mantener la posición hasta soltarla", "解除するまで位置を固定します";
    Relocate: "Search again", "Neu suchen", "Rechercher", "Buscar de nuevo", "再探索";
    RelocateHint: "Forget the position and search the whole score", "Position vergessen und die ganze Partitur absuchen",
        "Oublier la position et chercher dans toute la partition", "Olvidar la posición y buscar en toda la partitura",
        "位置を忘れて楽譜全体から探します";
    LiftRange: "Whole score", "Ganze Partitur", "Toute la partition", "Toda la partitura", "全体";
    LiftRangeHint: "Follow everywhere again, not only measures {0}", "Wieder überall folgen, nicht nur in Takten {0}",
        "Suivre partout, et plus seulement les mesures {0}", "Seguir en todas partes, no solo los compases {0}",
        "小節 {0} だけでなく全体を追従します";
    Undo: "Undo", "Rückgängig", "Annuler", "Deshacer", "元に戻す";
    UndoHint: "Undo: {0}", "Rückgängig: {0}", "Annuler : {0}", "Deshacer: {0}", "元に戻す: {0}";
    Redo: "Redo", "Wiederholen", "Rétablir", "Rehacer", "やり直す";
    RedoHint: "Redo: {0}", "Wiederholen: {0}", "Rétablir : {0}", "Rehacer: {0}", "やり直す: {0}";
    SaveMidi: "Save MIDI", "MIDI sichern", "Enregistrer MIDI", "Guardar MIDI", "MIDI を保存";
    SaveMidiHint: "The notes heard, as a MIDI file", "Die gehörten Töne als MIDI-Datei", "Les notes entendues, en fichier MIDI",
        "Las notas oídas, como archivo MIDI", "聞こえた音を MIDI ファイルに保存";
    SaveMusicXml: "Save MusicXML", "MusicXML sichern", "Enregistrer MusicXML", "Guardar MusicXML", "MusicXML を保存";
    SaveMusicXmlHint: "The take as notation: the pitches played on the score’s rhythm", "Der Take als Notentext: die gespielten Töne im Rhythmus der Partitur",
        "La prise en notation : les hauteurs jouées sur le rythme de la partition", "La toma como notación: las alturas tocadas sobre el ritmo de la partitura",
        "テイクを楽譜に保存";
    SaveQuantised: "Save quantised MIDI", "Quantisiertes MIDI sichern", "Enregistrer MIDI quantifié", "Guardar MIDI cuantizado", "整列 MIDI を保存";
    SaveQuantisedHint: "The same notes as MIDI, on the grid of the beats", "Dieselben Noten als MIDI, auf dem Raster der Schläge",
        "Les mêmes notes en MIDI, sur la grille des temps", "Las mismas notas como MIDI, en la rejilla de los tiempos", "音符を拍に整列した MIDI ファイル";
    SaveTempo: "Save tempo map", "Tempo sichern", "Enregistrer le tempo", "Guardar el tempo", "テンポを保存";
    SaveTempoHint: "The tempo of the playing, so that the grid follows it", "Das Tempo des Spiels, damit das Raster ihm folgt",
        "Le tempo du jeu, pour que la grille le suive", "El tempo de la interpretación, para que la rejilla lo siga",
        "演奏のテンポ(グリッドが追従します)";
    SaveMarkers: "Save markers", "Marker sichern", "Enregistrer les marqueurs", "Guardar marcadores", "マーカーを保存";
    SaveMarkersHint: "Measures and takes as markers for the DAW", "Takte und Takes als Marker für die DAW",
        "Mesures et prises en marqueurs pour la STAN", "Compases y tomas como marcadores para la DAW", "小節とテイクを DAW 用マーカーに";
    SaveSheet: "Save take sheet", "Takeliste sichern", "Enregistrer la feuille de prises", "Guardar hoja de tomas", "テイク表を保存";
    SaveSheetHint: "Takes, coverage and faults, to read and print", "Takes, Abdeckung und Fehler zum Lesen und Drucken",
        "Prises, couverture et fautes, à lire et imprimer", "Tomas, cobertura y fallos, para leer e imprimir", "テイク・網羅・ミスの一覧";
    SaveEdit: "Save edit", "Schnitt sichern", "Enregistrer le montage", "Guardar el montaje", "カットを保存";
    SaveEditHint: "The proposed edit, as an edit decision list and a REAPER project", "Der Schnittvorschlag als Schnittliste und REAPER-Projekt",
        "Le montage proposé, en liste de montage et en projet REAPER", "El montaje propuesto, como lista de edición y proyecto de REAPER",
        "カットのリストと REAPER のファイルを保存";
    SaveMenu: "Save…", "Sichern…", "Enregistrer…", "Guardar…", "保存…";
    SaveMenuHint: "Write MIDI, tempo map, markers, take sheet or the proposed edit to a folder. Files cannot be dragged out of this window; after saving, “Show folder” opens it, and from there they can be dragged into the host.",
        "MIDI, Tempo, Marker, Takeliste oder Schnittvorschlag in einen Ordner schreiben. Aus diesem Fenster lässt sich nichts ziehen; nach dem Sichern öffnet „Ordner zeigen“ ihn, von dort geht es in den Host.",
        "Écrire MIDI, tempo, marqueurs, feuille de prises ou montage proposé dans un dossier. Rien ne se glisse hors de cette fenêtre ; ensuite « Montrer le dossier » l’ouvre, et de là on glisse vers l’hôte.",
        "Escribir MIDI, tempo, marcadores, hoja de tomas o montaje propuesto en una carpeta. De esta ventana no se puede arrastrar; después, «Mostrar la carpeta» la abre, y desde ahí se arrastra al anfitrión.",
        "MIDI・テンポ・マーカー・テイク表・編集案をフォルダーに保存します。このウィンドウからはドラッグできません。保存後に「フォルダーを表示」で開き、そこからホストにドラッグしてください。";
    SaveOf: "MIDI, MusicXML and tempo are of take {0}; select another in the list for that one. The rest is of all takes.",
        "MIDI, MusicXML und Tempo sind von Take {0}; für einen anderen diesen in der Liste wählen. Das Übrige ist von allen Takes.",
        "MIDI, MusicXML et tempo sont de la prise {0} ; pour une autre, choisissez-la dans la liste. Le reste est de toutes les prises.",
        "MIDI, MusicXML y tempo son de la toma {0}; para otra, elíjala en la lista. Lo demás es de todas las tomas.",
        "MIDI・MusicXML・テンポはテイク {0}(一覧で選択)、以外は全テイク";
    FolderLabel: "Files go to this folder", "Dateien kommen in diesen Ordner", "Les fichiers vont dans ce dossier", "Los archivos van a esta carpeta",
        "保存する位置";
    FolderHint: "Type a path; empty is your own folder", "Pfad eingeben; leer ist der eigene Ordner", "Saisissez un chemin ; vide : votre dossier personnel",
        "Escriba una ruta; vacío es su carpeta personal", "パスを入力してください";
    Overload: "OVERLOAD", "ÜBERLAST", "SURCHARGE", "SOBRECARGA", "過負荷";
    OverloadHint: "The computer falls behind; following and notes are late. Audio passes unharmed.",
        "Der Rechner kommt nicht nach; Folgen und Noten sind verspätet. Der Ton läuft unbeschadet durch.",
        "L’ordinateur ne suit plus ; suivi et notes sont en retard. L’audio passe intact.",
        "El ordenador no da abasto; el seguimiento y las notas se retrasan. El audio pasa intacto.",
        "処理が追いつかず、追従と音符が遅れています。音声には影響しません。";
    Dropped: "{0} s not heard", "{0} s nicht gehört", "{0} s non entendues", "{0} s sin oír", "{0} 秒が未聴取";
    DroppedHint: "Audio that could not be looked at in time, since the start", "Ton, der seit Beginn nicht rechtzeitig untersucht werden konnte",
        "Audio qui n’a pas pu être examiné à temps, depuis le début", "Audio que no se pudo examinar a tiempo, desde el inicio",
        "開始以来、処理が間に合わなかった音声";
    Latency: "latency {0} ms", "Latenz {0} ms", "latence {0} ms", "latencia {0} ms", "遅延 {0} ms";
    LatencyHint: "From the attack of a note to its event, median", "Vom Anschlag bis zum Ereignis, Median", "De l’attaque d’une note à son événement, médiane",
        "Del ataque de una nota a su evento, mediana", "発音からイベントまで(中央値)";
    BookUnshared: "book not shared", "Buch nicht geteilt", "livre non partagé", "libro sin compartir", "記録帳は共有しない";
    BookAlone: "alone in this process", "allein in diesem Prozess", "seul dans ce processus", "solo en este proceso", "このプロセスでは単独";
    BookLed: "book of {0} tracks, led here", "Buch von {0} Spuren, hier geführt", "livre de {0} pistes, tenu ici", "libro de {0} pistas, llevado aquí",
        "{0} トラックの記録帳 (ここが主)";
    BookShared: "book of {0} tracks", "Buch von {0} Spuren", "livre de {0} pistes", "libro de {0} pistas", "{0} トラックの記録帳";
    BookCompanyHint: "Instances of one process with one score share a book. One cannot see others where the host puts plugins in processes of their own.",
        "Instanzen eines Prozesses mit einer Partitur teilen ein Buch. Legt der Host jedes Plugin in einen eigenen Prozess, sieht keine die anderen.",
        "Les instances d’un processus ayant la même partition partagent un livre. Si l’hôte met chaque plugin dans son propre processus, aucune ne voit les autres.",
        "Las instancias de un proceso con la misma partitura comparten un libro. Si el host pone cada plugin en su propio proceso, ninguna ve a las otras.",
        "同じプロセスで同じ楽譜のインスタンスは記録帳を共有します。ホストがプラグインを別々のプロセスに置くと互いに見えません。";
    LoadShare: "CPU {0} %", "CPU {0} %", "CPU {0} %", "CPU {0} %", "CPU {0} %";
    LoadHint: "Share of one processor core that listening takes", "Anteil eines Prozessorkerns für das Hören", "Part d’un cœur de processeur pour l’écoute",
        "Parte de un núcleo del procesador para la escucha", "聞き取りに使うプロセッサー 1 コアの割合";
    Dismiss: "Dismiss this message", "Meldung schließen", "Fermer ce message", "Cerrar este mensaje", "メッセージを閉じる";
    ShowFolder: "Show folder", "Ordner zeigen", "Montrer le dossier", "Mostrar la carpeta", "フォルダーを表示";
    ShowFolderHint: "Open the folder in the system’s file manager; from there the files can be dragged into the host",
        "Den Ordner im Dateimanager öffnen; von dort lassen sich die Dateien in den Host ziehen",
        "Ouvrir le dossier dans le gestionnaire de fichiers ; de là, les fichiers se glissent dans l’hôte",
        "Abrir la carpeta en el gestor de archivos; desde ahí los archivos se arrastran al anfitrión", "ファイルマネージャーでフォルダーを開きます。そこからホストにドラッグできます。";
    CopyPath: "Copy path", "Pfad kopieren", "Copier le chemin", "Copiar la ruta", "パスをコピー";
    CopyPathHint: "Put the folder’s path on the clipboard, for the host’s import dialog", "Pfad des Ordners in die Zwischenablage, für den Import-Dialog des Hosts",
        "Mettre le chemin du dossier dans le presse-papiers, pour l’importation dans l’hôte", "Poner la ruta de la carpeta en el portapapeles, para importar en el anfitrión",
        "フォルダーのパスをクリップボードに入れます。ホストの読み込み画面に貼り付けてください。";
    // Settings
    Preset: "Preset", "Voreinstellung", "Préréglage", "Preajuste", "プリセット";
    Piano: "Piano", "Klavier", "Piano", "Piano", "ピアノ";
    Strings: "Strings", "Streicher", "Cordes", "Cuerdas", "弦楽器";
    Winds: "Winds", "Bläser", "Vents", "Vientos", "管楽器";
    Voice: "Voice", "Gesang", "Voix", "Voz", "声";
    Guitar: "Guitar", "Gitarre", "Guitare", "Guitarra", "ギター";
    Ensemble: "Ensemble", "Ensemble", "Ensemble", "Conjunto", "アンサンブル";
    Listening: "Listening", "Hören", "Écoute", "Escucha", "聞き取り";
    Sensitivity: "Sensitivity", "Empfindlichkeit", "Sensibilité", "Sensibilidad", "感度";
    SensitivityHint: "Higher finds softer notes and more false ones", "Höher findet leisere Töne und mehr falsche",
        "Plus haut : notes plus douces, et plus de fausses", "Más alto: notas más suaves y más falsas", "高いほど弱い音を拾いますが、誤りも増えます";
    LowestPitch: "Lowest note", "Tiefster Ton", "Note la plus grave", "Nota más grave", "最低音";
    HighestPitch: "Highest note", "Höchster Ton", "Note la plus aiguë", "Nota más aguda", "最高音";
    PitchHint: "Notes outside are not reported", "Töne außerhalb werden nicht gemeldet", "Les notes au-delà ne sont pas signalées",
        "Las notas fuera no se comunican", "範囲外の音は出力しません";
    MinimumNote: "Shortest note", "Kürzester Ton", "Note la plus courte", "Nota más corta", "最短音";
    MinimumNoteHint: "Shorter notes are dropped", "Kürzere Töne entfallen", "Les notes plus courtes sont écartées", "Las notas más cortas se descartan",
        "これより短い音は捨てます";
    VelocityCurve: "Velocity curve", "Anschlagkurve", "Courbe de vélocité", "Curva de velocidad", "ベロシティカーブ";
    VelocityHint: "Below 1 is louder, above 1 softer", "Unter 1 lauter, über 1 leiser", "Sous 1 plus fort, au-dessus plus doux",
        "Bajo 1 más fuerte, sobre 1 más suave", "1 未満で強く、1 超で弱く";
    Trim: "Input trim", "Eingangspegel", "Gain d’entrée", "Ganancia de entrada", "入力トリム";
    TrimHint: "Gain before listening; the audio that passes is not changed", "Verstärkung vor dem Hören; der durchlaufende Ton bleibt unverändert",
        "Gain avant l’écoute ; l’audio qui passe n’est pas modifié", "Ganancia antes de la escucha; el audio que pasa no cambia",
        "聞き取り前のゲイン。通過する音声は変わりません";
    FollowScore: "Follow the score", "Der Partitur folgen", "Suivre la partition", "Seguir la partitura", "楽譜を追従する";
    FollowHint: "Find the place in the score while playing", "Beim Spielen die Stelle in der Partitur finden", "Trouver l’endroit dans la partition pendant le jeu",
        "Encontrar el lugar en la partitura al tocar", "演奏中に楽譜上の位置を探します";
    Parts: "Parts", "Stimmen", "Parties", "Partes", "パート";
    PartsHint: "Which parts are followed: a track often carries one instrument of several",
        "Welchen Stimmen gefolgt wird: Eine Spur trägt oft nur eines von mehreren Instrumenten",
        "Les parties à suivre : une piste ne porte souvent qu’un instrument",
        "Qué partes se siguen: una pista suele llevar un solo instrumento",
        "追従するパート";
    PlayingOrder: "Playing order", "Spielfolge", "Ordre de jeu", "Orden de ejecución", "演奏する小節";
    PlayingOrderHint: "Printed measure numbers as they are played, such as 1-8, 1-7, 9-. Leave it empty for the score’s own order.",
        "Gedruckte Taktnummern, wie gespielt wird, etwa 1-8, 1-7, 9-. Leer gilt die Folge der Partitur.",
        "Numéros de mesure imprimés dans l’ordre du jeu, par exemple 1-8, 1-7, 9-. Laissez vide pour suivre la partition.",
        "Números de compás impresos en el orden en que se tocan, por ejemplo 1-8, 1-7, 9-. Vacío: el orden de la partitura.",
        "演奏する小節を指定します: 1-6, 1-5, 7-";
    ScoreAssist: "Score assist", "Partiturhilfe", "Aide de la partition", "Ayuda de la partitura", "楽譜アシスト";
    ScoreAssistHint: "How far the score may sway which notes are heard", "Wie weit die Partitur beeinflusst, welche Töne gehört werden",
        "Influence de la partition sur les notes entendues", "Cuánto influye la partitura en las notas oídas", "楽譜が聞き取りに与える影響";
    OffTune: "Out of tune from", "Unsauber ab", "Faux à partir de", "Desafinada desde", "音程のずれ";
    OffTuneHint: "From how many cents off its take’s own tuning a sustained note is a fault. Of single lines of voices, strings and winds; in takes played from now on.",
        "Ab wie vielen Cent neben der Stimmung ihres Takes eine ausgehaltene Note als Fehler gilt. Für einstimmige Stimmen, Streicher und Bläser; in Takes von jetzt an.",
        "À partir de combien de cents de l’accord de sa prise une note tenue est une faute. Pour les lignes seules de voix, cordes et vents ; dans les prises à venir.",
        "Desde cuántos cents fuera de la afinación de su toma una nota sostenida es un fallo. Para líneas solas de voz, cuerda y viento; en las tomas desde ahora.",
        "伸ばした音が、テイクの音程から何セント以上ずれるとミスにするか。声・弦楽器・管楽器の単旋律のみ。次のテイクから変わります。";
    Output: "Output", "Ausgabe", "Sortie", "Salida", "出力";
    DecideAfter: "Decide after", "Entscheiden nach", "Décider après", "Decidir tras", "判定までの時間";
    DecideAfterHint: "How long after an attack a note is decided: sooner leaves sooner, later is surer. At 20 ms, what is not known after 50 ms is not sent. Figures are given for 30 ms.",
        "Wie lange nach dem Anschlag über eine Note entschieden wird: früher ist schneller da, später ist sicherer. Bei 20 ms wird nicht gesendet, was nach 50 ms nicht bekannt ist. Angaben gelten für 30 ms.",
        "Temps après l’attaque avant de décider d’une note : plus court part plus tôt, plus long est plus sûr. À 20 ms, ce qui n’est pas connu après 50 ms n’est pas envoyé. Les chiffres valent pour 30 ms.",
        "Cuánto después del ataque se decide una nota: antes sale antes, después es más seguro. Con 20 ms no se envía lo que no se sabe tras 50 ms. Las cifras valen para 30 ms.",
        "発音から音を判定するまでの時間です。短いほど早く、長いほど確実です。20 msでは50 ms後に分からない音は送りません。公表値は30 msのものです。";
    TimingMode: "Timing", "Zeitverhalten", "Synchronisation", "Sincronización", "タイミング";
    Live: "Live", "Live", "Direct", "Directo", "ライブ";
    LiveHint: "A note leaves as soon as it is known", "Eine Note geht hinaus, sobald sie bekannt ist", "Une note part dès qu’elle est connue",
        "Una nota sale en cuanto se conoce", "音が分かり次第すぐに出力します";
    Aligned: "Aligned", "Ausgerichtet", "Aligné", "Alineado", "整列";
    AlignedHint: "Audio is delayed a little, and notes line up with it to the sample", "Der Ton wird etwas verzögert; Noten liegen samplegenau dazu",
        "L’audio est un peu retardé, les notes s’y alignent à l’échantillon près", "El audio se retrasa un poco y las notas quedan alineadas a la muestra",
        "音声を少し遅らせ、音符をサンプル精度で揃えます";
    Channel: "MIDI channel", "MIDI-Kanal", "Canal MIDI", "Canal MIDI", "MIDI チャンネル";
    ChannelHint: "Channel of the notes that leave", "Kanal der ausgegebenen Noten", "Canal des notes émises", "Canal de las notas emitidas", "出力する音符のチャンネル";
    PedalOut: "Send sustain pedal", "Haltepedal senden", "Envoyer la pédale", "Enviar el pedal", "ペダルを送る";
    PedalHint: "Controller 64 beside the notes; the notes end when their sound does", "Controller 64 neben den Noten; die Noten enden mit ihrem Klang",
        "Le contrôleur 64 en plus des notes ; les notes finissent avec leur son", "Controlador 64 además de las notas; las notas acaban con su sonido",
        "音符に加えてコントローラー64を送る。音符は音が消えるときに終わる";
    BendOut: "Pitch bend", "Tonhöhenbeugung", "Pitch bend", "Pitch bend", "ピッチベンド";
    BendHint: "For what plays one note at a time: vibrato and intonation as pitch bend. Set the instrument’s bend range to 2 semitones.",
        "Für einstimmiges Spiel: Vibrato und Intonation als Pitch Bend. Den Beugebereich des Instruments auf 2 Halbtöne stellen.",
        "Pour une ligne seule : vibrato et justesse en pitch bend. Réglez l’instrument sur une plage de 2 demi-tons.",
        "Para una sola línea: vibrato y afinación como pitch bend. Ajuste el instrumento a un rango de 2 semitonos.",
        "単旋律用: ビブラートと音程をピッチベンドで送ります。音源のベンド幅は2半音にしてください。";
    PositionOut: "Send position", "Position senden", "Envoyer la position", "Enviar la posición", "位置を送る";
    PositionOutHint: "Measure and beat as MIDI controllers", "Takt und Schlag als MIDI-Controller", "Mesure et temps en contrôleurs MIDI",
        "Compás y tiempo como controladores MIDI", "小節と拍を MIDI コントローラーで送ります";
    OscOut: "Send OSC", "OSC senden", "Envoyer l’OSC", "Enviar OSC", "OSC を送る";
    OscHint: "Position, tempo, state and cues to other programs, as OSC over UDP",
        "Position, Tempo, Zustand und Marken an andere Programme, als OSC über UDP",
        "Position, tempo, état et repères vers d’autres programmes, en OSC sur UDP",
        "Posición, tempo, estado y marcas a otros programas, como OSC por UDP",
        "位置・テンポ・状態・キューを OSC(UDP)で他のプログラムに送ります";
    OscAddress: "OSC address", "OSC-Adresse", "Adresse OSC", "Dirección OSC", "OSC アドレス";
    OscAddressHint: "Address and port, such as 127.0.0.1:9000; 127.0.0.1 is this computer",
        "Adresse und Port, etwa 127.0.0.1:9000; 127.0.0.1 ist dieser Rechner",
        "Adresse et port, par exemple 127.0.0.1:9000 ; 127.0.0.1 est cet ordinateur",
        "Dirección y puerto, por ejemplo 127.0.0.1:9000; 127.0.0.1 es este equipo",
        "アドレスとポート(例 127.0.0.1:9000)。127.0.0.1 はこのコンピューターです";
    OscRate: "{0} {0|position|positions} a second at most", "höchstens {0} {0|Position|Positionen} pro Sekunde",
        "{0} {0|position|positions} par seconde au plus", "{0} {0|posición|posiciones} por segundo como máximo", "毎秒最大 {0} 回";
    RecordingLatency: "Recording latency", "Aufnahmelatenz", "Latence d’enregistrement", "Latencia de grabación", "録音の遅延";
    RecordingLatencyHint: "How much earlier the host lays what it records than the plugin hears it; no host tells. Everything saved from now on in the host’s time is moved by it, of old takes too: markers, edit, take sheet, tempo map, MIDI. What leaves live is not. To find it, compare a saved note with its sound in the host.",
        "Wie viel früher der Host Aufgenommenes ablegt, als das Plugin es hört; kein Host sagt es. Alles, was ab jetzt in der Zeit des Hosts gesichert wird, rückt darum nach vorn, auch von alten Takes: Marker, Schnitt, Takeliste, Tempo, MIDI. Was live hinausgeht, nicht. Zu finden, indem man eine gesicherte Note mit ihrem Klang im Host vergleicht.",
        "De combien l’hôte place ce qu’il enregistre plus tôt que le plugin ne l’entend ; aucun hôte ne le dit. Tout ce qui est enregistré désormais dans le temps de l’hôte avance d’autant, anciennes prises comprises : marqueurs, montage, feuille de prises, tempo, MIDI. Pas ce qui part en direct. Pour la trouver, comparez une note enregistrée en MIDI avec son attaque dans l’hôte.",
        "Cuánto antes coloca el anfitrión lo que graba de como lo oye el plugin; ningún anfitrión lo dice. Todo lo que se guarde desde ahora en el tiempo del anfitrión se adelanta otro tanto, también de tomas anteriores: marcadores, montaje, hoja de tomas, tempo, MIDI. No lo que sale en directo. Para hallarla, compare una nota guardada con su sonido en el anfitrión.",
        "ホストが録音を置く位置は、プラグインが聞く時間より早いことがあります。マーカー・カット・テイク表・テンポ・MIDI は、保存するときにこの時間だけ早くします。以前のテイクも同じです。ライブの出力は変わりません。保存した音符の位置がホストの音声とどれだけずれるかで分かります。";
    Journal: "Keep a crash journal", "Absturzprotokoll führen", "Tenir un journal de secours", "Llevar un diario de respaldo", "障害用の記録を残す";
    JournalHint: "Writes every take to a file of yours as it comes. If the host ends before the project was saved, the takes are there when it is opened again.",
        "Schreibt jeden Take sofort in eine Datei bei Ihnen. Endet der Host, bevor das Projekt gespeichert wurde, sind die Takes beim nächsten Öffnen da.",
        "Écrit chaque prise aussitôt dans un fichier chez vous. Si l’hôte s’arrête avant l’enregistrement du projet, les prises seront là à la prochaine ouverture.",
        "Escribe cada toma al momento en un archivo suyo. Si el anfitrión termina antes de guardar el proyecto, las tomas estarán al abrirlo de nuevo.",
        "テイクをその都度ファイルに書きます。プロジェクトの保存前にホストが終了しても、次に開いたときに残っています。";
    ShareBook: "Share the book between tracks", "Buch mit anderen Spuren teilen", "Partager le livre entre pistes", "Compartir el libro entre pistas", "トラック間で記録帳を共有";
    ShareBookHint: "Instances on other tracks with the same score add what they hear to the same takes.",
        "Instanzen auf anderen Spuren mit derselben Partitur tragen zu denselben Takes bei, was sie hören.",
        "Les instances d’autres pistes avec la même partition ajoutent ce qu’elles entendent aux mêmes prises.",
        "Las instancias de otras pistas con la misma partitura añaden lo que oyen a las mismas tomas.",
        "他のトラックで同じ楽譜のインスタンスが、聞いたことを同じテイクに加えます。";
    CueLead: "Seconds ahead", "Sekunden vorher", "Secondes d’avance", "Segundos antes", "先行(秒)";
    CueOnce: "Only once", "Nur einmal", "Une seule fois", "Solo una vez", "一度だけ";
    CuePage: "Turns the page", "Seite umblättern", "Tourne la page", "Pasa la página", "ページをめくる";
    ControllerN: "controller {0}", "Controller {0}", "contrôleur {0}", "controlador {0}", "コントローラー {0}";
    Appearance: "Appearance", "Darstellung", "Apparence", "Aspecto", "表示";
    Scale: "Scale", "Größe", "Échelle", "Escala", "拡大率";
    ScaleHint: "Size of everything, 75-300 %", "Größe von allem, 75-300 %", "Taille de tout, 75-300 %", "Tamaño de todo, 75-300 %", "全体の大きさ 75-300 %";
    PaperTone: "Paper", "Papier", "Papier", "Papel", "紙";
    PaperLight: "Light", "Hell", "Clair", "Claro", "明るい";
    PaperDark: "Dark", "Dunkel", "Sombre", "Oscuro", "暗い";
    PaperHint: "What the score is drawn on", "Worauf die Partitur gezeichnet wird", "Ce sur quoi la partition est dessinée", "Sobre qué se dibuja la partitura", "楽譜の地の色";
    TurnPages: "Turn pages", "Seiten blättern", "Tourner les pages", "Pasar páginas", "ページめくり";
    TurnPagesHint: "The score stands still and turns at the end of the page, instead of gliding",
        "Die Partitur steht still und blättert am Ende der Seite, statt zu gleiten",
        "La partition reste immobile et tourne en fin de page, au lieu de glisser",
        "La partitura queda quieta y pasa al final de la página, en vez de deslizarse",
        "楽譜は動かず、ページの終わりでめくります";
    NotEngraved: "Light notation: {0}", "Einfache Notation: {0}", "Notation simplifiée : {0}", "Notación simplificada: {0}", "簡易表示: {0}";
    NotThisScore: "the engraver left out measures of this score", "der Notenstich lässt Takte dieser Partitur aus",
        "la gravure omet des mesures de cette partition", "el grabado omite compases de esta partitura", "楽譜の一部の小節が表示できません";
    BeingEngraved: "Engraving…", "Wird gestochen…", "Gravure…", "Grabando…", "準備中…";
    EngravingTheRest: "Engraving the rest…", "Der Rest wird gestochen…", "Gravure de la suite…", "Grabando el resto…", "続きを準備中…";
    LanguageLabel: "Language", "Sprache", "Langue", "Idioma", "言語";
    LanguageHint: "Language of the editor", "Sprache des Editors", "Langue de l’éditeur", "Idioma del editor", "エディターの言語";
    Defaults: "Defaults", "Standardwerte", "Valeurs par défaut", "Valores por defecto", "初期値";
    DefaultsHint: "Set everything back to how it was delivered", "Alles auf den Auslieferungszustand setzen", "Tout remettre comme à l’origine",
        "Restablecer todo al estado inicial", "すべて初期設定に戻します";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::theme;

    /// The Japanese font holds only what this table needs: a new phrase may need `assets/fonts/subset.py` to be run.
    #[test]
    fn the_fonts_have_every_character() {
        let ctx = egui::Context::default();
        theme::install(&ctx);
        let mut missing = std::collections::BTreeSet::new();
        let _ = ctx.run_ui(egui::RawInput::default(), |ui| {
            ui.ctx().fonts_mut(|fonts| {
                let names = Language::ALL.map(Language::name);
                for c in
                    TABLE.iter().flatten().chain(&names).flat_map(|text| text.chars()).filter(|c| *c != '\n')
                {
                    if ![theme::text(13.0), theme::strong(13.0)].iter().all(|font| fonts.has_glyph(font, c)) {
                        missing.insert(c);
                    }
                }
            });
        });
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_phrase_has_the_same_places_in_every_language() {
        for row in TABLE {
            for column in row {
                assert!(!column.trim().is_empty(), "a column is empty beside {:?}", row[0]);
                for place in ["{0}", "{1}", "{2}", "{3}", "{4}"] {
                    assert_eq!(
                        row[0].contains(place),
                        column.contains(place),
                        "{place} in {:?} and {column:?}",
                        row[0]
                    );
                }
            }
        }
        assert_eq!(Text::TakeN.with(Language::German, &[&7]), "Take 7");
        assert_eq!(Text::TakeN.with(Language::German, &[]), "Take {0}");
        assert_eq!(Text::TakeN.with(Language::German, &[&"{0}"]), "Take {0}");
        assert_eq!(Text::CoverageSum.with(Language::Japanese, &[&3, &9]), "9 小節中 3 小節がミスなし");
    }

    #[test]
    fn nouns_follow_their_numbers() {
        let takes = |language| [0, 1, 2].map(|count| Text::CoveredBy.with(language, &[&count, &count]));
        assert_eq!(takes(Language::English), ["0 takes, 0 clean", "1 take, 1 clean", "2 takes, 2 clean"]);
        assert_eq!(
            takes(Language::French),
            ["0 prise, 0 propre", "1 prise, 1 propre", "2 prises, 2 propres"]
        );
        assert_eq!(Text::Elsewhere.with(Language::Spanish, &[&1]), "Se guarda 1 toma de otra partitura");
        for column in TABLE.iter().flatten() {
            let places = column.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
            for place in places.filter(|place| place.contains('|')) {
                let parts: Vec<&str> = place.split('|').collect();
                assert!(parts.len() == 3 && column.contains(&format!("{{{}}}", parts[0])), "{column}");
            }
        }
    }
}
